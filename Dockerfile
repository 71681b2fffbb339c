# The image of cxpulse. It stands at the top of the repository because its build needs the whole crate as context:
#
#   docker build --build-arg REVISION="$(git rev-parse --short HEAD)" -t cxpulse:0.1.0 .
#
# Versions are pinned by tag; pin the two bases by digest as well (`docker buildx imagetools inspect IMAGE`) where your rules ask for it.

FROM rust:1.90-bookworm AS build
# gcc, make and perl, which librdkafka and OpenSSL are built with, are in the base.
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY config config
COPY benches benches
COPY src src
# Shown as the label `revision` of cx_build_info.
ARG REVISION=unknown
ENV CXPULSE_REVISION=${REVISION}
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked && cp target/release/cxpulse /cxpulse && mkdir /state

# glibc, certificates, and nothing else: no shell, no package manager. The user is 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /cxpulse /usr/bin/cxpulse
# The default place of checkpoints. Mount a volume here, or name a bucket with checkpoint.url; else they go with the container.
COPY --from=build --chown=65532:65532 /state /var/lib/cxpulse
ENV STATE_DIRECTORY=/var/lib/cxpulse
VOLUME /var/lib/cxpulse
# Inside a container the default, this machine alone, would answer nobody.
ENV CXPULSE_WEB__LISTEN_ADDRESSES=0.0.0.0:19270
EXPOSE 19270
USER 65532:65532
# Asks /-/healthy of the configured address; a container that is catching up is healthy, though not ready.
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/bin/cxpulse", "healthcheck"]
ENTRYPOINT ["/usr/bin/cxpulse"]
CMD ["run"]
