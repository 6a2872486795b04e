#!/bin/sh
# The image's entry point, with the environment and flags of upstream's: further arguments are further flags.
# The server replaces this shell, so that a SIGTERM reaches it.
exec tensorflow_model_server --port=8500 --rest_api_port=8501 \
  --model_name="${MODEL_NAME}" --model_base_path="${MODEL_BASE_PATH}/${MODEL_NAME}" "$@"
