/** The printed texts, compared with upstream's format and flag list (flags.md sections 1 and 2). */
import assert from 'node:assert/strict';
import { UPSTREAM_FLAGS } from '../../../src/config/flag-table.js';
import { unknownArgumentText, usageText, versionText } from '../../../src/config/usage.js';

/** name, type and default as upstream prints them on a machine with two CPUs. */
const UPSTREAM_ORDER = `
port=8500 int32
grpc_socket_path="" string
rest_api_port=0 int32
rest_api_num_threads=8 int32
rest_api_timeout_in_ms=30000 int32
rest_api_enable_cors_support=false bool
enable_batching=false bool
allow_version_labels_for_unavailable_models=false bool
batching_parameters_file="" string
enable_per_model_batching_parameters=false bool
model_config_file="" string
model_config_file_poll_wait_seconds=0 int32
model_name="default" string
model_base_path="" string
num_load_threads=0 int32
num_unload_threads=0 int32
max_num_load_retries=5 int32
load_retry_interval_micros=60000000 int64
file_system_poll_wait_seconds=1 int32
flush_filesystem_caches=true bool
tensorflow_session_parallelism=0 int64
tensorflow_session_config_file="" string
tensorflow_intra_op_parallelism=0 int64
tensorflow_inter_op_parallelism=0 int64
use_alts_credentials=false bool
ssl_config_file="" string
platform_config_file="" string
per_process_gpu_memory_fraction=0.000000 float
saved_model_tags="serve" string
grpc_channel_arguments="" string
grpc_max_threads=8 int32
enable_model_warmup=true bool
num_request_iterations_for_warmup=0 int32
version=false bool
monitoring_config_file="" string
remove_unused_fields_from_bundle_metagraph=true bool
prefer_tflite_model=false bool
num_tflite_pools=2 int32
num_tflite_interpreters_per_pool=1 int32
enable_signature_method_name_check=false bool
xla_cpu_compilation_enabled=false bool
xla_gpu_compilation_enabled=false bool
enable_profiler=true bool
thread_pool_factory_config_file="" string
mixed_precision="" string
skip_initialize_tpu=false bool
enable_grpc_healthcheck_service=false bool
enable_serialization_as_tensor_content=false bool
`
  .trim()
  .split('\n');

describe('usageText', () => {
  const lines = usageText('tensorflow_model_server', 2).split('\n');

  it('opens with the program and a heading', () => {
    assert.deepEqual(lines.slice(0, 2), ['usage: tensorflow_model_server', 'Flags:']);
  });

  it('lists the flags of upstream first, in its order, with its types and defaults', () => {
    const shown = lines.slice(2, 2 + UPSTREAM_FLAGS.length).map((line) => {
      const [, assignment, type] = line.split('\t');
      return `${assignment?.trim().slice(2)} ${type}`;
    });
    assert.deepEqual(shown, UPSTREAM_ORDER);
  });

  it('pads the first column to 33 and separates columns with tabs', () => {
    assert.match(lines[2] ?? '', /^\t--port=8500 {22}\tint32\tTCP port for gRPC/);
    const long = lines.find((line) => line.includes('rest_api_enable_cors_support'));
    assert.match(long ?? '', /^\t--rest_api_enable_cors_support=false\tbool\t/);
  });

  it("lists tensorgate's own flags after those of upstream", () => {
    const own = lines.slice(2 + UPSTREAM_FLAGS.length).map((line) => line.split('=')[0]);
    assert.deepEqual(own, [
      '\t--run_pool_threads',
      '\t--run_queue_capacity',
      '\t--grpc_transport',
      '\t--rest_transport',
      '\t--grpc_host',
      '\t--rest_api_host',
      '\t--rest_api_socket_path',
      '\t--grpc_max_buffered_bytes',
      '\t--grpc_max_message_bytes',
      '\t--io_threads',
      '\t--inline_run_micros',
      '\t--batching',
      '\t--batching_latency_budget_ms',
      '\t--rest_api_max_body_bytes',
      '\t--rest_api_max_buffered_bytes',
      '\t--rest_api_max_header_bytes',
      '\t--rest_api_max_connections',
      '\t--rest_api_idle_timeout_seconds',
      '\t--rest_api_gzip_min_bytes',
      '\t--version_settle_millis',
      '\t--model_reload_wait_seconds',
      '\t--synthetic_warmup',
      '\t--plan',
      '\t--engine',
      '\t--openvino_precision',
      '\t--tensorflow_onednn',
      '\t--plan_trial_ms',
      '\t--plan_keeps_nan',
      '\t--plan_cache_dir',
      '\t--validate_config',
      '\t--ready_when',
      '\t--listen_before_loaded',
      '\t--event_loop_stall_millis',
      '\t--drain_wait_seconds',
      '\t--shutdown_grace_seconds',
      '\t--enable_session_run',
      '\t--enable_admin_api',
      '\t--auth_config_file',
      '\t--admin_port',
      '\t--admin_host',
      '\t--admin_auth_config_file',
      '\t--allow_reload_on_public_port',
      '\t--allow_metrics_on_public_port',
      '\t--max_concurrent_requests',
      '\t--ops',
      '\t--custom_op_libraries',
      '\t--allow_model_op_libraries',
      '\t--plugins',
      '\t--plugin_threads',
      '\t--plugin_heap_mb',
      '\t--model_roots',
      '\t--refuse_ops',
      '\t--check_load_memory',
      '\t--sticky_header',
      '\t--request_log_dir',
      '\t--request_log_queue_bytes',
      '\t--request_log_file_bytes',
      '\t--request_log_file_seconds',
      '\t--request_log_max_bytes',
      '\t--access_log',
      '\t--access_log_sample',
      '\t--access_log_slow_millis',
      '\t--otlp_endpoint',
      '\t--otlp_protocol',
      '\t--trace_sampling_ratio',
      '\t--trace_follow_parent',
      '\t--log_level',
      '\t--log_format',
      '', // the text ends with a newline
    ]);
  });
});

describe('unknownArgumentText', () => {
  it('names the argument on one line', () => {
    assert.equal(unknownArgumentText('foo'), 'unknown argument: foo\n');
  });
});

describe('versionText', () => {
  it('names server and library on one line each', () => {
    assert.equal(
      versionText('0.1.0', '2.21.0'),
      'TensorFlow ModelServer: 0.1.0\nTensorFlow Library: 2.21.0\n',
    );
  });
});
