#!/usr/bin/env python3
"""Classical algorithms on the very folds of sky_experiment, to judge its networks by.

    scripts/classical_baselines.py --table metadata.csv --split DIR/split.csv --output DIR/baselines [--features u,g,r,u-g]

The split is what sky_experiment writes: id, label and fold of every object. Each algorithm is trained on all folds but one and
predicts that one; its predictions of all objects are written to OUTPUT/NAME.csv (id, label, predicted, p_CLASS...), which
compare_predictions and sky_experiment --baselines read, and a list of the files to OUTPUT/index.json. Features are columns, or
differences of two ("u-g"). Empty cells, -9999 and --missing are missing values: the median of the training folds, where an
algorithm cannot take them.

Needs scikit-learn, LightGBM and XGBoost. Where this Python lacks them, they are installed from PyPI into a virtual environment
of their own (--venv, by default build/classical_baselines). Alcor itself needs none of this.
"""
import argparse
import csv
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import time
import warnings

PACKAGES = {"sklearn": "scikit-learn", "lightgbm": "lightgbm", "xgboost": "xgboost-cpu"}
HERE = pathlib.Path(__file__).resolve()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=pathlib.Path, required=True)
    parser.add_argument("--split", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--features", default="u,g,r,i,z,u-g,g-r,r-i,i-z")
    parser.add_argument("--label", default="class")
    parser.add_argument("--id", help="column of identifiers [id, else the row's number]")
    parser.add_argument("--missing", help='a further cell that means "no value"')
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--venv", type=pathlib.Path, default=HERE.parent.parent / "build" / "classical_baselines")
    return parser.parse_args()


def run_in_own_environment(venv):
    """Starts again with the Python of the virtual environment, which is made first where it is not there."""
    python = venv / "bin" / "python"
    if os.environ.get("ALCOR_BASELINES_VENV"):
        sys.exit("classical_baselines.py: the packages were installed, but cannot be imported")
    ready = venv / "ready"
    if not ready.exists():
        print(f"installing {', '.join(PACKAGES.values())} into {venv}", flush=True)
        steps = [[sys.executable, "-m", "venv", "--clear", str(venv)],
                 [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES.values()]]
        for step in steps:
            if subprocess.run(step, check=False).returncode != 0:
                sys.exit(f"classical_baselines.py: this did not work: {' '.join(step)}")
        ready.touch()
    os.environ["ALCOR_BASELINES_VENV"] = str(venv)
    os.execv(python, [str(python), str(HERE), *sys.argv[1:]])


def algorithms(seed):
    """Name, library, and an estimator that takes missing values or is preceded by what fills them in."""
    from lightgbm import LGBMClassifier
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
    from sklearn.ensemble import AdaBoostClassifier, GradientBoostingClassifier, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier
    from xgboost import XGBClassifier

    def filled(estimator):
        return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), estimator)

    def scaled(estimator):
        return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), estimator)

    trees = DecisionTreeClassifier(max_depth=3, random_state=seed)
    return [
        ("logistic regression", "sklearn", scaled(LogisticRegression(max_iter=5000, C=10))),
        ("decision tree", "sklearn", filled(DecisionTreeClassifier(max_depth=8, random_state=seed))),
        ("random forest", "sklearn", filled(RandomForestClassifier(500, random_state=seed, n_jobs=1))),
        ("AdaBoost", "sklearn", filled(AdaBoostClassifier(trees, n_estimators=200, learning_rate=0.5, random_state=seed))),
        ("QDA", "sklearn", scaled(QuadraticDiscriminantAnalysis(reg_param=0.01))),
        ("k-NN", "sklearn", scaled(KNeighborsClassifier(9))),
        ("SVM", "sklearn", scaled(SVC(C=10, probability=True, random_state=seed))),
        ("gradient boosting", "sklearn", filled(GradientBoostingClassifier(n_estimators=200, max_depth=3, subsample=0.8,
                                                                           random_state=seed))),
        ("LightGBM", "lightgbm", LGBMClassifier(n_estimators=200, learning_rate=0.05, num_leaves=15, subsample=0.8,
                                                subsample_freq=1, random_state=seed, n_jobs=1, verbose=-1)),
        ("XGBoost", "xgboost", XGBClassifier(n_estimators=200, learning_rate=0.05, max_depth=4, subsample=0.8, random_state=seed,
                                             n_jobs=1)),
    ]


def read_rows(path):
    """The table's rows by name; SkyServer's first line, which begins with # and has no comma, is left out."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        first = file.readline()
        if not (first.startswith("#") and "," not in first):
            file.seek(0)
        return list(csv.DictReader(file, skipinitialspace=True))


def number(cell, missing):
    cell = cell.strip()
    if cell in ("", missing):
        return float("nan")
    value = float(cell)
    return float("nan") if value == -9999 else value


def read_features(options, wanted):
    """{id: [value of every feature]} for the objects of the split."""
    rows = read_rows(options.table)
    columns = rows[0].keys()
    if options.id or "id" in columns:
        ids = [row[options.id or "id"] for row in rows]
    else:
        ids = [str(i + 1) for i in range(len(rows))]

    def value(row, feature):
        if feature in columns:
            return number(row[feature], options.missing)
        for at in (i for i, c in enumerate(feature) if c == "-"):
            if feature[:at] in columns and feature[at + 1:] in columns:
                return number(row[feature[:at]], options.missing) - number(row[feature[at + 1:]], options.missing)
        sys.exit(f"classical_baselines.py: {options.table} has no column {feature}, nor two with that difference")

    features = options.features.split(",")
    return {i: [value(row, f) for f in features] for i, row in zip(ids, rows) if i in wanted}


def predict(estimator, x, y, folds, classes):
    """Probabilities of every object by models of the other folds, and the seconds of training."""
    import numpy
    probabilities, seconds = numpy.zeros((len(y), classes)), 0.0
    for fold in sorted(set(folds)):
        test = folds == fold
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator.fit(x[~test], y[~test])
            seconds += time.perf_counter() - start
            probabilities[test] = estimator.predict_proba(x[test])
    return probabilities, seconds


def write_predictions(path, ids, labels, classes, probabilities):
    partial = path.with_suffix(".partial")
    with open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "label", "predicted"] + [f"p_{c}" for c in classes])
        for i, label, row in zip(ids, labels, probabilities):
            # All digits: the log-loss of a true class whose probability became 0 would be another.
            writer.writerow([i, label, classes[row.argmax()]] + [f"{p:.17g}" for p in row])
    os.replace(partial, path)


def main():
    options = arguments()
    if any(importlib.util.find_spec(module) is None for module in PACKAGES):
        run_in_own_environment(options.venv)
    import numpy
    with open(options.split, newline="", encoding="utf-8") as file:
        split = {row["id"]: row for row in csv.DictReader(file)}
    features = read_features(options, split)
    ids = sorted(split)
    labels = [split[i]["label"] for i in ids]
    classes = sorted(set(labels))
    x, folds = numpy.array([features[i] for i in ids]), numpy.array([int(split[i]["fold"]) for i in ids])
    y = numpy.array([classes.index(label) for label in labels])
    options.output.mkdir(parents=True, exist_ok=True)
    index = []
    for name, module, estimator in algorithms(options.seed):
        probabilities, seconds = predict(estimator, x, y, folds, len(classes))
        path = options.output / f"{name.replace(' ', '_')}.csv"
        write_predictions(path, ids, labels, classes, probabilities)
        hits = probabilities.argmax(1) == y
        recalls = [hits[y == c].mean() for c in range(len(classes))]
        print(f"{name:20s} accuracy {100 * hits.mean():.1f}   balanced {100 * numpy.mean(recalls):.1f}", flush=True)
        version = importlib.metadata.version(PACKAGES[module]) if module != "xgboost" else sys.modules[module].__version__
        index.append({"name": name, "file": path.name, "library": f"{PACKAGES[module].removesuffix('-cpu')} {version}",
                      "train_seconds": round(seconds, 3)})
    partial = options.output / "index.partial"
    partial.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, options.output / "index.json")


if __name__ == "__main__":
    main()
