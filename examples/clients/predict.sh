#!/bin/sh
# Predict over REST with curl. Usage: predict.sh [host:port], by default the demo server of `npm start`.
curl --fail --silent --show-error \
  -d '{"instances": [1.0, 2.0, 5.0]}' \
  "http://${1:-localhost:8501}/v1/models/half_plus_two:predict"
echo # the answer holds: "predictions": [2.5, 3.0, 4.5]
