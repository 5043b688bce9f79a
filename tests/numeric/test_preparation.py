"""The steps against scikit-learn, inputs drawn anew each time; tolerance 1e-12, worst seen about 1e-15."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, RobustScaler

from trainwright.core.columns import Column, ColumnType
from trainwright.core.features import FeatureNeeds
from trainwright.data.preparation import fit_table_preparation

LINEAR = FeatureNeeds(scale=True, one_hot=True)


def towns(random, count):
    names = np.array([f"town {number}" for number in range(12)])
    return names[np.minimum(random.geometric(0.3, count) - 1, 11)]


def test_scaled_numbers_are_those_of_median_imputation_and_the_robust_scaler():
    random = np.random.default_rng()
    train, new = random.normal(3, 9, 501), random.normal(3, 20, 200)
    train[random.random(501) < 0.1] = np.nan
    new[::7] = np.nan
    column = [Column("x", ColumnType.NUMBER)]
    fitted = fit_table_preparation(pl.DataFrame({"x": pl.Series(train)}), column, LINEAR)
    # The scaler first, since it leaves out what is missing, as we do; then the median is 0.
    scaler = RobustScaler().fit(train[:, None])
    imputer = SimpleImputer(strategy="constant", fill_value=0.0, add_indicator=True)
    imputer.fit(scaler.transform(train[:, None]))
    expected = imputer.transform(scaler.transform(new[:, None])).clip(-10, 10)
    found = fitted.transform(pl.DataFrame({"x": pl.Series(new)})).dense
    assert found == pytest.approx(expected, abs=1e-12)


def test_one_hot_features_are_those_of_scikit_learn_but_for_their_order():
    random = np.random.default_rng()
    train, new = towns(random, 300), [*towns(random, 50), "elsewhere"]
    fitted = fit_table_preparation(
        pl.DataFrame({"t": train}), [Column("t", ColumnType.CATEGORY)], LINEAR
    )
    encoder = OneHotEncoder(
        min_frequency=5, handle_unknown="infrequent_if_exist", sparse_output=False
    ).fit(train[:, None])
    expected = encoder.transform(np.array(new)[:, None])
    found = fitted.transform(pl.DataFrame({"t": new})).dense
    assert found.shape == expected.shape
    assert found[:, np.lexsort(found)].tolist() == expected[:, np.lexsort(expected)].tolist()


def test_codes_group_rows_as_those_of_scikit_learn():
    random = np.random.default_rng()
    train = towns(random, 300)
    column = [Column("t", ColumnType.CATEGORY)]
    frame = pl.DataFrame({"t": train})
    found = fit_table_preparation(frame, column, FeatureNeeds()).transform(frame).dense[:, 0]
    expected = OrdinalEncoder(min_frequency=5).fit_transform(train[:, None])[:, 0]
    pairs = pd.DataFrame({"found": found, "expected": expected}).drop_duplicates()
    assert len(pairs) == len(set(found)) == len(set(expected))


def test_text_features_are_those_of_the_tfidf_vectorizer():
    random = np.random.default_rng()
    words = np.array(["the", "Quiet", "house", "IN", "Köln", "is", "it", "x", "a_b", "42", "naïve"])
    texts = [", ".join(random.choice(words, random.integers(0, 9))) for _ in range(400)]
    column = [Column("note", ColumnType.TEXT)]
    found = fit_table_preparation(pl.DataFrame({"note": texts}), column, LINEAR)
    ours = found.transform(pl.DataFrame({"note": texts}))
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), min_df=5, max_features=None, sublinear_tf=True, norm="l2"
    ).fit(texts)
    terms = [name.removeprefix("note~") for name in ours.sparse_names]
    assert terms == vectorizer.get_feature_names_out().tolist()
    difference = abs(ours.sparse - vectorizer.transform(texts))
    assert difference.max() < 1e-12
