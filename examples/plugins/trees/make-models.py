#!/usr/bin/env python3
"""Trains small XGBoost and LightGBM models on random data, and writes what the packages themselves predict.

    pip install xgboost-cpu==3.2.0 lightgbm==4.7.0
    python examples/plugins/trees/make-models.py FOLDER                                   # one model for each case
    python examples/plugins/trees/make-models.py --fixtures examples/plugins/trees/fixtures  # the few of the unit tests

For each case NAME it writes the model file, NAME.json, NAME.ubj or NAME.txt, and NAME.expected.json:

    {"made_by": "xgboost 3.2.0", "model": "NAME.json", "features": [[0.5, null]],
     "predictions": [[0.5]], "margins": [[0.5]], "leaves": [[3, 4]]}

One list for each row; null is a missing value, an infinite one a text. The rows are random ones and, since that is where readers of such
files go wrong, rows at, just below and just above the models' own thresholds.
"""
import argparse
import json
import os
import zlib

import lightgbm as lgb
import numpy as np
import xgboost as xgb

ROWS = 400
FEATURES = 5
CATEGORIES = 40
INFINITE = [np.inf, -np.inf]  # XGBoost takes none
AWKWARD = [np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-35, 2e-35, 1e30, -1e30, -0.5, -1.0, -7.0, 0.5, 39.5, 40.0, 1e9, 2.0**24]


def random_data(seed, missing=True, categorical=False, dtype=np.float64):
    """Features and a label that depends on them; the last feature is a category where asked."""
    random = np.random.default_rng(seed)
    features = np.round(random.normal(size=(ROWS, FEATURES)), 2).astype(dtype)
    features[random.random(features.shape) < 0.15] = 0
    label = features[:, 0] + np.abs(features[:, 1]) - features[:, 2] * features[:, 3]
    if categorical:
        codes = random.integers(0, CATEGORIES, ROWS)
        features[:, -1] = codes
        label = label + random.normal(size=CATEGORIES)[codes]
    if missing:
        features[random.random(features.shape) < 0.1] = np.nan
    return features, label


def asked(features, thresholds, dtype, seed=7):
    """The rows to predict: some of the training, then rows around thresholds (feature, value), then odd ones."""
    random = np.random.default_rng(seed)
    rows = [features[i].copy() for i in random.integers(0, ROWS, 12)]
    for feature, value in [thresholds[i] for i in random.integers(0, len(thresholds), 6)] if thresholds else []:
        for near in (value, np.nextafter(dtype(value), dtype(-np.inf)), np.nextafter(dtype(value), dtype(np.inf))):
            row = features[random.integers(0, ROWS)].copy()
            row[feature] = near
            rows.append(row)
    for value in AWKWARD + (INFINITE if dtype is np.float64 else []):
        row = features[random.integers(0, ROWS)].copy()
        row[random.integers(0, FEATURES - 1)] = value
        row[-1] = value
        rows.append(row)
    rows.append(np.full(FEATURES, np.nan))
    return np.array(rows, dtype=dtype)


def positive(label):
    return np.exp(label / 4)


def binary(label):
    return (label > np.median(label)).astype(int)


def classes(label):
    return np.digitize(label, np.quantile(label, [0.3, 0.6]))


def counts(label):
    return np.floor(positive(label) * 2)


def ranks(label):
    return classes(label)


GROUP_ROWS = 20  # of one query, for ranking


# --- XGBoost

def xgboost_case(parameters, label=lambda y: y, rounds=4, categorical=False, missing=True, form='json', names=None):
    def make(folder, name):
        features, y = random_data(zlib.crc32(name.encode()), missing, categorical, np.float32)
        types = ['q'] * (FEATURES - 1) + ['c'] if categorical else None
        data = xgb.DMatrix(features, label(y), feature_types=types, feature_names=names, enable_categorical=categorical)
        objective = parameters.get('objective', '')
        if objective.startswith('rank:'):
            data.set_group([GROUP_ROWS] * (ROWS // GROUP_ROWS))
        if objective == 'survival:aft':
            data.set_float_info('label_lower_bound', label(y))
            data.set_float_info('label_upper_bound', label(y))
        booster = xgb.train({'max_depth': 3, 'nthread': 1, 'seed': 1, **parameters}, data, rounds)
        file = f'{name}.{form}'
        booster.save_model(os.path.join(folder, file))
        trees = json.loads(booster.save_raw('json'))['learner']['gradient_booster']
        trees = trees.get('gbtree', trees)['model']['trees']
        thresholds = [(f, t) for tree in trees for f, t, left, kind in zip(
            tree['split_indices'], tree['split_conditions'], tree['left_children'], tree['split_type'])
            if left != -1 and kind == 0]
        rows = asked(features, thresholds, np.float32)
        again = xgb.DMatrix(rows, feature_types=types, feature_names=names, enable_categorical=categorical)
        return file, rows, {
            'predictions': booster.predict(again),
            'margins': booster.predict(again, output_margin=True),
            'leaves': booster.predict(again, pred_leaf=True),
        }, f'xgboost {xgb.__version__}'
    return make


def x(objective, **parameters):
    return {'objective': objective, **parameters}


def two_targets(label):
    return np.stack([label, -2 * label], axis=1)


XGBOOST = {
    'xgboost_regression': xgboost_case(x('reg:squarederror'), names=['area', 'age', 'rooms', 'floor', 'tax']),
    'xgboost_binary': xgboost_case(x('binary:logistic'), binary, form='ubj'),
    'xgboost_softprob_categories': xgboost_case(x('multi:softprob', num_class=3), classes, 2, categorical=True),
    'xgboost_dart_poisson': xgboost_case(x('count:poisson', booster='dart', rate_drop=0.5), counts),
    'xgboost_no_missing': xgboost_case({}, missing=False),
    'xgboost_deep': xgboost_case({'max_depth': 9, 'eta': 0.1}, rounds=60, form='ubj'),
    'xgboost_lossguide': xgboost_case({'grow_policy': 'lossguide', 'max_leaves': 12, 'max_depth': 0}),
    'xgboost_exact_pruned': xgboost_case({'tree_method': 'exact', 'gamma': 2.0}, rounds=8),
    'xgboost_forest': xgboost_case({'num_parallel_tree': 5, 'subsample': 0.5, 'eta': 1}, rounds=1),
    'xgboost_base_score': xgboost_case(x('binary:logistic', base_score=0.2), binary),
    'xgboost_base_score_classes': xgboost_case(x('multi:softprob', num_class=3, base_score=0.3), classes),
    'xgboost_one_hot': xgboost_case({'max_cat_to_onehot': 100}, rounds=8, categorical=True, form='ubj'),
    'xgboost_partitions': xgboost_case({'max_cat_to_onehot': 1}, rounds=8, categorical=True),
    'xgboost_categories_none_missing': xgboost_case({}, rounds=8, categorical=True, missing=False),
    'xgboost_targets': xgboost_case({}, two_targets),
    'xgboost_dart_classes': xgboost_case(x('multi:softprob', num_class=3, booster='dart', rate_drop=0.5), classes),
    'xgboost_one_leaf': xgboost_case({'gamma': 1e9}),
    'xgboost_no_tree': xgboost_case({}, rounds=0),
    'xgboost_squared_log': xgboost_case(x('reg:squaredlogerror'), positive),
    'xgboost_huber': xgboost_case(x('reg:pseudohubererror')),
    'xgboost_absolute': xgboost_case(x('reg:absoluteerror')),
    'xgboost_quantile': xgboost_case(x('reg:quantileerror', quantile_alpha=[0.2, 0.8])),
    'xgboost_logistic_regression': xgboost_case(x('reg:logistic'), binary),
    'xgboost_gamma': xgboost_case(x('reg:gamma'), positive),
    'xgboost_tweedie': xgboost_case(x('reg:tweedie'), counts),
    'xgboost_cox': xgboost_case(x('survival:cox'), positive),
    'xgboost_aft': xgboost_case(x('survival:aft'), positive),
    'xgboost_logitraw': xgboost_case(x('binary:logitraw'), binary),
    'xgboost_hinge': xgboost_case(x('binary:hinge'), binary),
    'xgboost_softmax': xgboost_case(x('multi:softmax', num_class=3), classes),
    'xgboost_pairwise': xgboost_case(x('rank:pairwise'), ranks),
    'xgboost_ndcg': xgboost_case(x('rank:ndcg'), ranks),
    'xgboost_map': xgboost_case(x('rank:map'), binary),
}


# --- LightGBM

def lightgbm_case(parameters, label=lambda y: y, rounds=4, categorical=False, missing=True):
    def make(folder, name):
        features, y = random_data(zlib.crc32(name.encode()), missing, categorical)
        group = [GROUP_ROWS] * (ROWS // GROUP_ROWS) if parameters.get('objective') in ('lambdarank', 'rank_xendcg') else None
        data = lgb.Dataset(features, label(y), group=group, params={'verbose': -1},
                           categorical_feature=[FEATURES - 1] if categorical else 'auto')
        booster = lgb.train({'num_leaves': 8, 'verbose': -1, 'num_threads': 1, 'seed': 1, 'deterministic': True,
                             'min_data_in_leaf': 5, 'cat_smooth': 1, 'min_data_per_group': 1, **parameters}, data, rounds)
        file = f'{name}.txt'
        path = os.path.join(folder, file)
        booster.save_model(path)
        thresholds = []

        def walk(node):
            if 'split_feature' in node:
                if node['decision_type'] == '<=':
                    thresholds.append((node['split_feature'], node['threshold']))
                walk(node['left_child'])
                walk(node['right_child'])
        for tree in booster.dump_model()['tree_info']:
            walk(tree['tree_structure'])
        saved = lgb.Booster(model_file=path)
        rows = asked(features, thresholds, np.float64)
        return file, rows, {
            'predictions': saved.predict(rows),
            'margins': saved.predict(rows, raw_score=True),
            'leaves': saved.predict(rows, pred_leaf=True),
        }, f'lightgbm {lgb.__version__}'
    return make


def custom(scores, data):
    return scores - data.get_label(), np.ones_like(scores)


FOREST = {'boosting': 'rf', 'bagging_freq': 1, 'bagging_fraction': 0.6, 'feature_fraction': 0.8}
LIGHTGBM = {
    'lightgbm_regression': lightgbm_case(x('regression')),
    'lightgbm_binary_categories': lightgbm_case(x('binary', sigmoid=0.7), binary, categorical=True),
    'lightgbm_multiclass': lightgbm_case(x('multiclass', num_class=3), classes, 2),
    'lightgbm_forest': lightgbm_case(x('binary', **FOREST), binary),
    'lightgbm_zero_as_missing': lightgbm_case(x('regression', zero_as_missing=True)),
    'lightgbm_forest_regression': lightgbm_case(x('regression', **FOREST)),
    'lightgbm_forest_classes': lightgbm_case(x('multiclass', num_class=3, **FOREST), classes),
    'lightgbm_no_missing': lightgbm_case(x('regression'), missing=False),
    'lightgbm_use_missing_off': lightgbm_case(x('regression', use_missing=False)),
    'lightgbm_deep': lightgbm_case(x('regression', num_leaves=63, min_data_in_leaf=1), rounds=60),
    'lightgbm_categories': lightgbm_case(x('regression'), rounds=12, categorical=True),
    'lightgbm_categories_none_missing': lightgbm_case(x('regression'), rounds=12, categorical=True, missing=False),
    'lightgbm_one_hot': lightgbm_case(x('regression', max_cat_to_onehot=100), rounds=12, categorical=True),
    'lightgbm_one_leaf': lightgbm_case(x('regression'), lambda y: np.full_like(y, 3.0)),
    'lightgbm_dart': lightgbm_case(x('regression', boosting='dart', drop_rate=0.5), rounds=8),
    'lightgbm_goss': lightgbm_case(x('regression', data_sample_strategy='goss'), rounds=8),
    'lightgbm_sqrt': lightgbm_case(x('regression', reg_sqrt=True)),
    'lightgbm_l1': lightgbm_case(x('regression_l1')),
    'lightgbm_huber': lightgbm_case(x('huber')),
    'lightgbm_fair': lightgbm_case(x('fair')),
    'lightgbm_quantile': lightgbm_case(x('quantile', alpha=0.8)),
    'lightgbm_mape': lightgbm_case(x('mape'), positive),
    'lightgbm_poisson': lightgbm_case(x('poisson'), counts),
    'lightgbm_gamma': lightgbm_case(x('gamma'), positive),
    'lightgbm_tweedie': lightgbm_case(x('tweedie'), counts),
    'lightgbm_one_versus_all': lightgbm_case(x('multiclassova', num_class=3, sigmoid=0.5), classes),
    'lightgbm_cross_entropy': lightgbm_case(x('cross_entropy'), binary),
    'lightgbm_cross_entropy_lambda': lightgbm_case(x('cross_entropy_lambda'), binary),
    'lightgbm_lambdarank': lightgbm_case(x('lambdarank'), ranks),
    'lightgbm_xendcg': lightgbm_case(x('rank_xendcg'), ranks),
    'lightgbm_custom': lightgbm_case({'objective': custom}),
}

CASES = {**XGBOOST, **LIGHTGBM}
FIXTURES = ['xgboost_regression', 'xgboost_binary', 'xgboost_softprob_categories', 'xgboost_dart_poisson',
            'lightgbm_regression', 'lightgbm_binary_categories', 'lightgbm_multiclass', 'lightgbm_forest',
            'lightgbm_zero_as_missing']


def plain(array, count):
    """The numbers of `count` rows, exactly; JSON has none for NaN, here null, and for infinity, here a text."""
    def value(number):
        if isinstance(number, float) and not np.isfinite(number):
            return None if np.isnan(number) else 'Infinity' if number > 0 else '-Infinity'
        return number
    rows = np.asarray(array).reshape(count, np.size(array) // count)
    return [[value(each) for each in row.tolist()] for row in rows]


def write(folder, name):
    """Makes the case; returns the path of its expectations."""
    file, rows, expected, made_by = CASES[name](folder, name)
    path = os.path.join(folder, f'{name}.expected.json')
    with open(path, 'w', encoding='utf-8') as out:
        # A line for each row, so that a difference can be read.
        lists = {'features': plain(rows, len(rows)), **{key: plain(value, len(rows)) for key, value in expected.items()}}
        out.write('{\n' + f' "made_by": {json.dumps(made_by)},\n "model": {json.dumps(file)}')
        for key, values in lists.items():
            out.write(f',\n {json.dumps(key)}: [\n  ' + ',\n  '.join(json.dumps(row) for row in values) + '\n ]')
        out.write('\n}\n')
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder')
    parser.add_argument('--fixtures', action='store_true', help='only the models of the unit tests')
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    for name in FIXTURES if arguments.fixtures else CASES:
        write(arguments.folder, name)


if __name__ == '__main__':
    main()
