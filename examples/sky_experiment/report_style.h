/* report_style.h - the look of the report: light and dark, narrow and wide, on paper. */
#ifndef SKY_EXPERIMENT_REPORT_STYLE_H
#define SKY_EXPERIMENT_REPORT_STYLE_H

static const char report_style[] =
    ":root{color-scheme:light dark;--ink:#1c2530;--dim:#5c6a78;--paper:#fff;--soft:#f1f4f7;--rule:#d5dce3;"
    "--table:#b06a00;--image:#1f6fb5;--joint:#b0304a;--late:#7b3fa0;--stacked:#2d8049;--classical:#6b7785;--train:#8a96a3}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--dim:#9aa7b4;--paper:#12181f;--soft:#1c242d;--rule:#33404d;"
    "--table:#f0ad4e;--image:#69b1f0;--joint:#f0758c;--late:#c594e6;--stacked:#6cc98a;--classical:#a7b3bf;--train:#7f8b98}}"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:1100px;padding:1.2rem;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "h1{font-size:1.7rem;line-height:1.2;margin:.4rem 0}h2{font-size:1.25rem;margin:2.2rem 0 .6rem;border-bottom:1px solid "
    "var(--rule)}"
    "h3{font-size:1rem;margin:1.2rem 0 .4rem}p{margin:.5rem 0;max-width:46rem}.dim{color:var(--dim)}"
    ".facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem;margin:1rem 0}"
    ".facts div{background:var(--soft);border-radius:.4rem;padding:.6rem .8rem}.facts "
    "b{display:block;font-size:1.3rem;overflow-wrap:anywhere}"
    ".verdict{border-left:.3rem solid var(--joint);background:var(--soft);padding:.7rem 1rem;max-width:none}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}thead th{color:var(--dim);font-weight:600}td small{color:var(--dim)}"
    ".plots{display:flex;flex-wrap:wrap;gap:.6rem}.plots>*{flex:1 1 15rem;max-width:20rem}"
    ".plot{width:100%;height:auto;display:block}.plot text{font-size:12px;fill:var(--ink)}"
    ".frame{fill:none;stroke:var(--rule)}.grid{stroke:var(--rule);stroke-width:.7}"
    ".mark{stroke-width:2}.thin{stroke-width:1}.line,.hollow{fill:none}.hollow{fill:var(--paper)}"
    ".s-table{stroke:var(--table)}.s-image{stroke:var(--image)}.s-joint{stroke:var(--joint)}.s-late{stroke:var(--late)}"
    ".s-stacked{stroke:var(--stacked)}.s-classical{stroke:var(--classical)}.s-train{stroke:var(--train)}"
    ".f-table{fill:var(--table)}.f-image{fill:var(--image)}.f-joint{fill:var(--joint)}.f-late{fill:var(--late)}"
    ".f-stacked{fill:var(--stacked)}.f-classical{fill:var(--classical)}"
    ".key{display:inline-block;width:1.4em;height:.3em;border-radius:.2em;vertical-align:middle;margin:0 .3em 0 1em}"
    ".matrices>*{flex:0 1 auto;max-width:100%;margin-right:1rem}.wide{min-width:34rem}"
    ".matrix td{text-align:center;min-width:3.4rem}.matrix td.hit{font-weight:700}.matrix "
    "caption{text-align:left;font-weight:600}"
    ".gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:.8rem}"
    ".gallery figure{margin:0;background:var(--soft);border-radius:.4rem;padding:.6rem;font-size:.8rem;break-inside:avoid}"
    ".gallery img{width:100%;display:block;border-radius:.3rem}.gallery dl{display:grid;grid-template-columns:auto "
    "auto;margin:.3rem 0 0;"
    "font-variant-numeric:tabular-nums}.gallery dt{color:var(--dim);overflow-wrap:anywhere}.gallery dd{margin:0;text-align:right}"
    "pre{background:var(--soft);padding:.8rem;overflow-x:auto;font-size:.8rem;border-radius:.4rem}"
    "@media print{:root{color-scheme:light;--ink:#000;--dim:#444;--paper:#fff;--soft:#f4f4f4}body{max-width:none;font-size:10pt}"
    "h2{break-after:avoid}.plot,figure,tr,.facts div{break-inside:avoid}.scroll{overflow:visible}table{font-size:7.5pt}"
    "pre{white-space:pre-wrap}}";

#endif
