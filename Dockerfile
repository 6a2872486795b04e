# The server with the CPU library. The same environment, ports, paths and entry point as upstream's image:
#   scripts/image.sh
#   docker run -p 8500:8500 -p 8501:8501 -v /path/to/half_plus_two:/models/half_plus_two \
#     -e MODEL_NAME=half_plus_two tensorgate:0.1.0
# --build-arg TENSORGATE_OPS=text: with TensorFlow Text's ops, which its server then loads.
# --build-arg TENSORGATE_OPENVINO=1: with OpenVINO, so that TFLite and ONNX files need no network.
# docs/images.md says more. Dockerfile.cuda differs in the library only.
ARG NODE_IMAGE=docker.io/library/node:20.20.2-bookworm

# Debian's mirrors keep only the newest version of each package, so that a pinned one would soon not be found.
FROM ${NODE_IMAGE} AS tools
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install -y --no-install-recommends \
      ca-certificates cmake g++ make patchelf python3 python3-pip tzdata && \
    rm -rf /var/lib/apt/lists/*

FROM tools AS libtensorflow
WORKDIR /source/scripts
COPY scripts/fetch-libtensorflow.sh scripts/libtensorflow.sha256 scripts/wheel.sh ./
COPY scripts/setup setup
ENV LIBTENSORFLOW_PATH=/opt/tensorgate/libtensorflow \
    PIP_NO_CACHE_DIR=1
RUN env -u LIBTENSORFLOW_PATH ./fetch-libtensorflow.sh --dest="$LIBTENSORFLOW_PATH" && \
    strip --strip-unneeded "$LIBTENSORFLOW_PATH"/lib/*

FROM libtensorflow AS build
WORKDIR /source
COPY CMakeLists.txt LICENSE README.md package-lock.json package.json tsconfig.json ./
COPY bin bin
COPY binding binding
COPY deploy/install.sh deploy/
COPY examples examples
COPY protos protos
COPY scripts scripts
COPY src src
RUN deploy/install.sh /install
ARG TENSORGATE_OPS=
ARG TENSORGATE_OPENVINO=
RUN XDG_CACHE_HOME=/install/cache node /install/lib/node_modules/tensorgate/scripts/setup.mjs --native-only
COPY deploy deploy
RUN deploy/image/layers.sh /install /layers

FROM scratch
COPY --from=build /layers/base /
COPY --from=build /layers/node /
COPY --from=libtensorflow /opt/tensorgate/libtensorflow/lib /opt/tensorgate/libtensorflow/lib
COPY --from=build /layers/server /
ARG TENSORGATE_OPS=
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tensorgate" \
      org.opencontainers.image.description="Model server, wire- and flag-compatible with TensorFlow Serving" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/usr/local/bin:/usr/bin:/bin \
    TENSORGATE_NATIVE_DIR=/opt/tensorgate/native \
    TENSORGATE_OPS=${TENSORGATE_OPS} \
    TENSORGATE_OPS_PATH=/opt/tensorgate/ops \
    OPENVINO_PATH=/opt/tensorgate/openvino \
    MODEL_NAME=model \
    MODEL_BASE_PATH=/models
EXPOSE 8500 8501
USER 1000:1000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["/usr/bin/tensorgate_healthcheck"]
# Manifests also start /usr/bin/tensorflow_model_server by its path; deploy/image/layers.sh puts both there.
ENTRYPOINT ["/usr/bin/tf_serving_entrypoint.sh"]
