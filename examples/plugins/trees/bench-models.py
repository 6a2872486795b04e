#!/usr/bin/env python3
"""The packages' side of bench.mjs: trains models of 1,000 trees, and times what each package takes for single rows.

    python examples/plugins/trees/bench-models.py FOLDER

Writes xgboost.json, lightgbm.txt, rows.json (the rows) and python.json: {"xgboost": {"DMatrix": µs, …}, …}.
"""
import json
import os
import sys
import time

import lightgbm as lgb
import numpy as np
import xgboost as xgb

TREES = 1000
FEATURES = 30
TRAINING = 20000
ROWS = 500
ROUNDS = 8


def micros(call, rows):
    """Of a call with one row: of the fastest of several rounds, since other load only adds."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for row in rows:
            call(row)
        rounds.append((time.perf_counter() - start) * 1e6 / len(rows))
    return min(rounds)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    random = np.random.default_rng(1)
    features = random.normal(size=(TRAINING, FEATURES)).astype(np.float32)
    label = features[:, 0] * features[:, 1] + np.sin(3 * features[:, 2]) + random.normal(size=TRAINING)
    rows = features[:ROWS].astype(np.float64)

    booster = xgb.train({'max_depth': 6, 'eta': 0.05, 'nthread': 1}, xgb.DMatrix(features, label), TREES)
    booster.save_model(os.path.join(folder, 'xgboost.json'))
    booster.set_param({'nthread': 1})  # of the training it is forgotten; threads for one row only cost
    singles = [row.astype(np.float32).reshape(1, -1) for row in rows]
    figures = {'xgboost': {
        'predict(DMatrix(row))': micros(lambda row: booster.predict(xgb.DMatrix(row, nthread=1)), singles),
        'inplace_predict(row)': micros(booster.inplace_predict, singles),
    }}

    data = lgb.Dataset(features.astype(np.float64), label)
    model = lgb.train({'num_leaves': 63, 'learning_rate': 0.05, 'verbose': -1, 'num_threads': 1}, data, TREES)
    model.save_model(os.path.join(folder, 'lightgbm.txt'))
    singles = [row.reshape(1, -1) for row in rows]
    figures['lightgbm'] = {'predict(row)': micros(lambda row: model.predict(row, num_threads=1), singles)}

    for name, value in {'rows': rows.tolist(), 'python': figures}.items():
        with open(os.path.join(folder, f'{name}.json'), 'w', encoding='utf-8') as file:
            json.dump(value, file)


if __name__ == '__main__':
    main()
