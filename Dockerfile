# The server with the CPU library. The same environment, ports and entry point as upstream's image:
#   docker run -p 8500:8500 -p 8501:8501 -v /path/to/half_plus_two:/models/half_plus_two \
#     -e MODEL_NAME=half_plus_two tensorgate
# --build-arg TENSORGATE_OPS=text: with TensorFlow Text's ops, which its server then loads.
# --build-arg TENSORGATE_OPENVINO=1: with OpenVINO, so that TFLite and ONNX files need no network.
FROM node:20-bookworm AS build
RUN apt-get update && \
    apt-get install -y --no-install-recommends cmake g++ make python3 python3-pip && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
ENV PIP_NO_CACHE_DIR=1
ARG TENSORGATE_OPS=
ARG TENSORGATE_OPENVINO=
RUN deploy/install.sh /opt/tensorgate

FROM node:20-bookworm-slim
COPY --from=build /opt/tensorgate /opt/tensorgate
ARG TENSORGATE_OPS=
COPY deploy/entrypoint.sh /usr/bin/tf_serving_entrypoint.sh
ENV PATH=/opt/tensorgate/bin:$PATH \
    XDG_CACHE_HOME=/opt/tensorgate/cache \
    TENSORGATE_OPS=$TENSORGATE_OPS \
    MODEL_NAME=model \
    MODEL_BASE_PATH=/models
RUN mkdir -p /models
EXPOSE 8500 8501
USER node
ENTRYPOINT ["/usr/bin/tf_serving_entrypoint.sh"]
