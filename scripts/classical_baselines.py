#!/usr/bin/env python3
"""Classical algorithms on the very split of Alcor's trainers, to judge the network on the table by.

    scripts/classical_baselines.py --table metadata.csv --folds fold1.csv fold2.csv ... [--output DIR] [--seeds 5]

Each file of --folds is a --predictions file of a trainer (train_table --fold 1/5 --predictions fold1.csv, and so on): its
objects are one test part, those of the other files what is trained on. Features are the trainers' defaults: u, g, r, i, z and
their neighbouring differences; classes count equally in the rows that say "balanced". Prints accuracy and balanced accuracy of
the predictions pooled over all folds, as mean and standard error over the seeds, and writes the pooled predictions of the first
seed to DIR/NAME.csv. Needs scikit-learn and, for its row, LightGBM; neither is needed by Alcor.
"""
import argparse
import csv
import pathlib

import numpy
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import AdaBoostClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

BANDS = ["u", "g", "r", "i", "z"]


def algorithms(seed):
    """Name and estimator; some twice, with classes as they are and counting equally."""
    out = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000, C=10)),
        "decision tree": DecisionTreeClassifier(max_depth=8, random_state=seed),
        "random forest": RandomForestClassifier(500, random_state=seed, n_jobs=1),
        "random forest, balanced": RandomForestClassifier(500, class_weight="balanced", random_state=seed, n_jobs=1),
        "AdaBoost": AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=200, learning_rate=0.5, random_state=seed),
        "QDA": make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis(reg_param=0.01)),
        "k-NN": make_pipeline(StandardScaler(), KNeighborsClassifier(9)),
        "SVM": make_pipeline(StandardScaler(), SVC(C=10, probability=True, random_state=seed)),
        "SVM, balanced": make_pipeline(StandardScaler(), SVC(C=10, class_weight="balanced", probability=True, random_state=seed)),
        "gradient boosting": GradientBoostingClassifier(n_estimators=200, max_depth=3, subsample=0.8, random_state=seed),
    }
    try:
        from lightgbm import LGBMClassifier
        for name, weight in (("LightGBM", None), ("LightGBM, balanced", "balanced")):
            out[name] = LGBMClassifier(n_estimators=200, learning_rate=0.05, num_leaves=15, subsample=0.8, subsample_freq=1,
                                       class_weight=weight, random_state=seed, n_jobs=1, verbose=-1)
    except ImportError:
        print("LightGBM is not installed: its rows are left out")
    return out


def read_features(path, wanted):
    rows = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["id"] in wanted:
                bands = [float(row[band]) for band in BANDS]
                rows[row["id"]] = bands + [a - b for a, b in zip(bands, bands[1:])]
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=pathlib.Path, required=True)
    parser.add_argument("--folds", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=5)
    a = parser.parse_args()
    labels, fold_of = {}, {}
    for number, path in enumerate(a.folds):
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["id"] in labels:
                    parser.error(f"{path}: {row['id']} is in two folds")
                labels[row["id"]], fold_of[row["id"]] = row["label"], number
    features = read_features(a.table, labels)
    ids = sorted(labels)
    x, y = numpy.array([features[i] for i in ids]), numpy.array([labels[i] for i in ids])
    folds = numpy.array([fold_of[i] for i in ids])
    classes = sorted(set(y))
    print(f"{len(ids)} objects in {len(a.folds)} folds, {a.seeds} seeds")
    for name in algorithms(0):
        scores = []
        for seed in range(a.seeds):
            probabilities = numpy.zeros((len(ids), len(classes)))
            for fold in range(len(a.folds)):
                estimator = algorithms(seed)[name].fit(x[folds != fold], y[folds != fold])
                probabilities[folds == fold] = estimator.predict_proba(x[folds == fold])
            predicted = numpy.array(classes)[probabilities.argmax(1)]
            scores.append((accuracy_score(y, predicted), balanced_accuracy_score(y, predicted)))
            if seed == 0 and a.output:
                a.output.mkdir(parents=True, exist_ok=True)
                with open(a.output / f"{name.replace(',', '').replace(' ', '_')}.csv", "w", newline="", encoding="utf-8") as file:
                    writer = csv.writer(file, lineterminator="\n")
                    writer.writerow(["id", "label", "predicted"] + [f"p_{c}" for c in classes])
                    for i, label, guess, row in zip(ids, y, predicted, probabilities):
                        writer.writerow([i, label, guess] + [f"{p:.6f}" for p in row])
        mean, error = numpy.mean(scores, 0), numpy.std(scores, 0, ddof=1) / len(scores) ** 0.5 if len(scores) > 1 else (0, 0)
        print(f"{name:26s} accuracy {mean[0]:.4f} (+- {error[0]:.4f})   balanced {mean[1]:.4f} (+- {error[1]:.4f})")


if __name__ == "__main__":
    main()
