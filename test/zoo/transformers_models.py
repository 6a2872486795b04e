"""Architectures of Hugging Face's transformers with random weights: small ones, in the classes for TensorFlow."""
import os

import numpy as np
import save
import tensorflow as tf
from entry import Entry, uniform

VOCABULARY = 500
SIZES = {'hidden_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 4, 'intermediate_size': 128}
TEXT = {'vocab_size': VOCABULARY, **SIZES}


def architecture(model_class, config_class, config, specs):
    """`config` may be given nested as the class wants it."""

    def make(folder, archives):
        os.environ.update(USE_TORCH='0', HF_HUB_OFFLINE='1', TRANSFORMERS_VERBOSITY='error')
        import transformers
        tf.random.set_seed(0)
        model = getattr(transformers, model_class)(getattr(transformers, config_class)(**config))

        def call(**inputs):
            answer = model(inputs, training=False)
            return {name: value for name, value in answer.items() if isinstance(value, tf.Tensor)}

        save.function(call, specs, folder, model)

    return make


def tokens(*names):
    """Inputs of token ids: rows of a request share their length, and the mask leaves out the end of each row."""
    specs = {name: save.rows(tf.int32, None) for name in names}

    def inputs(rng, rows):
        length = int(rng.integers(2, 20))
        values = {}
        for name in names:
            if name.endswith('mask'):
                values[name] = (np.arange(length) < rng.integers(1, length + 1, (rows, 1))).astype(np.int32)
            else:
                high = 2 if name == 'token_type_ids' else VOCABULARY
                values[name] = rng.integers(0, high, (rows, length)).astype(np.int32)
        return values

    return specs, inputs


def floats(**shapes):
    specs = {name: save.rows(tf.float32, *shape) for name, shape in shapes.items()}
    return specs, lambda rng, rows: {name: uniform(*shape, low=-1)(rng, rows) for name, shape in shapes.items()}


def both(first, second):
    return {**first[0], **second[0]}, lambda rng, rows: {**first[1](rng, rows), **second[1](rng, rows)}


PIXELS = floats(pixel_values=(3, 64, 64))
MASKED = tokens('input_ids', 'attention_mask')
NO_SPECIAL_TOKENS = {'pad_token_id': 0, 'bos_token_id': 1, 'eos_token_id': 2, 'decoder_start_token_id': 1,
                     'suppress_tokens': None, 'begin_suppress_tokens': None, 'use_cache': False}

# name: class of the model, class of its configuration, configuration, what it is asked
ARCHITECTURES = {
    'bert': ('TFBertForSequenceClassification', 'BertConfig', TEXT,
             tokens('input_ids', 'attention_mask', 'token_type_ids')),
    'distilbert': ('TFDistilBertForTokenClassification', 'DistilBertConfig',
                   {'vocab_size': VOCABULARY, 'dim': 64, 'n_layers': 2, 'n_heads': 4, 'hidden_dim': 128}, MASKED),
    'roberta': ('TFRobertaForMaskedLM', 'RobertaConfig', TEXT, MASKED),
    'albert': ('TFAlbertModel', 'AlbertConfig', {'embedding_size': 32, **TEXT}, MASKED),
    'electra': ('TFElectraForQuestionAnswering', 'ElectraConfig', {'embedding_size': 32, **TEXT}, MASKED),
    'gpt2': ('TFGPT2LMHeadModel', 'GPT2Config',
             {'vocab_size': VOCABULARY, 'n_embd': 64, 'n_layer': 2, 'n_head': 4, 'use_cache': False}, MASKED),
    'opt': ('TFOPTForCausalLM', 'OPTConfig',
            {'vocab_size': VOCABULARY, 'hidden_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 4,
             'ffn_dim': 128, 'max_position_embeddings': 64, 'word_embed_proj_dim': 64, 'use_cache': False}, MASKED),
    'xlnet': ('TFXLNetLMHeadModel', 'XLNetConfig',
              {'vocab_size': VOCABULARY, 'd_model': 64, 'n_layer': 2, 'n_head': 4, 'd_inner': 128}, MASKED),
    'deberta': ('TFDebertaV2ForSequenceClassification', 'DebertaV2Config',
                {'relative_attention': True, 'pos_att_type': ['p2c', 'c2p'], 'position_biased_input': False,
                 'max_relative_positions': 32, **TEXT}, MASKED),
    't5': ('TFT5ForConditionalGeneration', 'T5Config',
           {'vocab_size': VOCABULARY, 'd_model': 64, 'd_kv': 16, 'd_ff': 128, 'num_layers': 2, 'num_heads': 4,
            'use_cache': False}, tokens('input_ids', 'attention_mask', 'decoder_input_ids')),
    'whisper': ('TFWhisperForConditionalGeneration', 'WhisperConfig',
                {'vocab_size': VOCABULARY, 'd_model': 64, 'encoder_layers': 1, 'decoder_layers': 1,
                 'encoder_attention_heads': 4, 'decoder_attention_heads': 4, 'encoder_ffn_dim': 128,
                 'decoder_ffn_dim': 128, 'num_mel_bins': 20, 'max_source_positions': 50,
                 'max_target_positions': 40, **NO_SPECIAL_TOKENS},
                both(floats(input_features=(20, 100)), tokens('decoder_input_ids'))),
    'wav2vec2': ('TFWav2Vec2ForCTC', 'Wav2Vec2Config',
                 {'vocab_size': 32, **SIZES, 'conv_dim': (32, 32, 32), 'conv_stride': (5, 2, 2),
                  'conv_kernel': (10, 3, 3), 'num_conv_pos_embeddings': 16, 'num_conv_pos_embedding_groups': 4},
                 floats(input_values=(1600,))),
    'vit': ('TFViTForImageClassification', 'ViTConfig', {**SIZES, 'image_size': 64}, PIXELS),
    'swin': ('TFSwinForImageClassification', 'SwinConfig',
             {'image_size': 64, 'embed_dim': 24, 'depths': [1, 1], 'num_heads': [2, 4], 'window_size': 4}, PIXELS),
    'convnext': ('TFConvNextForImageClassification', 'ConvNextConfig',
                 {'hidden_sizes': [24, 48], 'depths': [1, 1], 'num_stages': 2}, PIXELS),
    'clip': ('TFCLIPModel', 'CLIPConfig',
             {'text_config': {**TEXT, 'max_position_embeddings': 40},
              'vision_config': {**SIZES, 'image_size': 64, 'patch_size': 16}, 'projection_dim': 32},
             both(MASKED, PIXELS)),
}

ENTRIES = [
    Entry(f'hf_{name}', f'transformers 4.57.6, {model_class}, small, random weights',
          architecture(model_class, config_class, config, asked[0]), asked[1], rest_rows=7, crowd_rounds=2,
          modules=('transformers', 'tf_keras'))
    for name, (model_class, config_class, config, asked) in ARCHITECTURES.items()
]
