/* feature_rules.c - names that survey releases give to what would tell the class without looking at the object. Catalogues are
 * drawn class by class, from certain plates, runs and parts of the sky; and a redshift nearly decides. */
#include "sky_experiment/feature_rules.h"

#include <stddef.h>
#include <strings.h>

static const char *const positions[] = {"ra",     "dec",     "alpha",      "delta",      "raj2000", "dej2000", "decj2000",
                                        "ra_deg", "dec_deg", "ra_icrs",    "de_icrs",    "l",       "b",       "glon",
                                        "glat",   "cx",      "cy",         "cz",         "htmid",   "lambda",  "eta",
                                        "rowc",   "colc",    "sep_arcsec", "separation", NULL};
static const char *const identities[] = {
    "id",       "objid",       "obj_id",  "bestobjid",  "specobjid", "spec_obj_id", "spec_objid", "thingid",
    "thing_id", "run",         "run_id",  "rerun",      "rerun_id",  "camcol",      "cam_col",    "field",
    "field_id", "plate",       "plateid", "mjd",        "fiberid",   "fiber_id",    "fiber",      "tile",
    "chunk",    "programname", "survey",  "instrument", "name",      "source",      "source_id",  "image",
    "file",     "path",        "pgc",     "pgc_name",   NULL};
static const char *const redshifts[] = {
    "redshift", "red_shift", "z_spec",   "zspec",        "spec_z", "specz",        "z_phot",         "zphot",    "photoz",
    "photo_z",  "zerr",      "z_err",    "z_error",      "z-err",  "redshift_err", "redshift_error", "zwarning", "z_warning",
    "zstatus",  "zconf",     "velocity", "velocity_err", "vdisp",  "veldisp",      "elodie_z",       NULL};
static const char *const classes[] = {"class",    "subclass",   "sub_class", "type",   "objtype", "sourcetype",
                                      "spectype", "primtarget", "sectarget", "target", "label",   NULL};

static const struct {
    const char *const *names;
    const char *reason;
} rules[] = {{positions, "it says where the object is, and objects were chosen by position"},
             {identities, "it says which observation or file the object is from, and those were chosen by class"},
             {redshifts, "it is a redshift or comes with one, which nearly is the class"},
             {classes, "it is a class or was made from one"}};

const char *feature_refusal(const char *name)
{
    for (size_t r = 0; r < sizeof rules / sizeof rules[0]; r++)
        for (const char *const *refused = rules[r].names; *refused; refused++)
            if (strcasecmp(*refused, name) == 0)
                return rules[r].reason;
    return NULL;
}
