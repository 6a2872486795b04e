"""The zoo: every model, in the order of the table."""
import keras_models
import published
import text_models
import transformers_models

ENTRIES = [*published.ENTRIES, *keras_models.ENTRIES, *text_models.ENTRIES, *transformers_models.ENTRIES]
