/**
 * --refuse_ops: the ops that no request may reach, by name or by set. The sets are of TensorFlow 2.21's
 * registry: what reads or writes files, and what opens connections.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';

/** Where their attributes say, to files or over gRPC. */
const DEBUG = [
  'DebugIdentity',
  'DebugIdentityV2',
  'DebugIdentityV3',
  'DebugNanCount',
  'DebugNumericSummary',
  'DebugNumericSummaryV2',
];

/** Paths may be those of remote file systems, such as gs://, too. */
const FILE = [
  // Files as they are, and their names.
  ...['ReadFile', 'WriteFile', 'MatchingFiles', 'DumpTensor', 'FileSystemSetConfiguration'],
  'PrintV2 output_stream file:',
  // Checkpoints and tables. Those that loading may run are in binding/plan/op_refusal.cc.
  ...['Save', 'SaveSlices', 'SaveV2', 'MergeV2Checkpoints', 'CalibrationStatisticsSaver'],
  ...['Restore', 'RestoreSlice', 'RestoreV2', 'DTensorRestoreV2'],
  ...['InitializeTableFromTextFile', 'InitializeTableFromTextFileV2'],
  ...['LoadAndRemapMatrix', 'GenerateVocabRemapping'],
  // Readers of queues.
  ...['RecordInput', 'ReaderRead', 'ReaderReadV2', 'ReaderReadUpTo', 'ReaderReadUpToV2'],
  ...['FixedLengthRecordReader', 'FixedLengthRecordReaderV2', 'LMDBReader'],
  ...['TextLineReader', 'TextLineReaderV2', 'TFRecordReader', 'TFRecordReaderV2'],
  ...['WholeFileReader', 'WholeFileReaderV2'],
  // Data sets that are files, or are kept in them.
  ...['MatchingFilesDataset', 'ExperimentalMatchingFilesDataset', 'TextLineDataset'],
  ...['TFRecordDataset', 'TFRecordDatasetV2', 'DatasetToTFRecord', 'ExperimentalDatasetToTFRecord'],
  ...['FixedLengthRecordDataset', 'FixedLengthRecordDatasetV2'],
  ...['CSVDataset', 'CSVDatasetV2', 'ExperimentalCSVDataset'],
  ...['LMDBDataset', 'ExperimentalLMDBDataset', 'SqlDataset', 'ExperimentalSqlDataset'],
  ...['LoadDataset', 'SaveDataset', 'SaveDatasetV2', 'CacheDataset', 'CacheDatasetV2'],
  ...['SnapshotDataset', 'SnapshotDatasetV2', 'SnapshotDatasetReader', 'SnapshotChunkDataset'],
  ...['SnapshotNestedDatasetReader', 'ListSnapshotChunksDataset', 'DistributedSave'],
  // Summaries: without a writer the ops that use one have nowhere to write.
  ...['CreateSummaryFileWriter', 'CreateSummaryDbWriter'],
  ...DEBUG,
];

const NETWORK = [
  ...['RpcServer', 'RpcServerStart', 'RpcServerRegister'],
  ...['RpcClient', 'RpcCall', 'RpcCheckStatus', 'RpcGetValue'],
  // tf.data's service.
  ...['DataServiceDataset', 'DataServiceDatasetV2', 'DataServiceDatasetV3', 'DataServiceDatasetV4'],
  ...['RegisterDataset', 'RegisterDatasetV2', 'DistributedSave'],
  ...DEBUG,
];

const SETS: ReadonlyMap<string, readonly string[]> = new Map([
  ['file', FILE],
  ['network', NETWORK],
]);

/** As ops are named: `Op`, or `Namespace>Op`. */
const OP = /^(?:[A-Z_]\w*|\w+>[\w>]+)$/;

/**
 * `flag`: names of sets and ops between commas. Each of the result is `op`, or `op attribute prefix` where
 * only that text of the attribute is refused. @throws ServingError INVALID_ARGUMENT for what is neither
 */
export function refusedOpsOf(flag: string): readonly string[] {
  const entries = flag.split(',').filter((entry) => entry !== '');
  const wrong = entries.find((entry) => !SETS.has(entry) && !OP.test(entry));
  if (wrong === undefined) {
    return [...new Set(entries.flatMap((entry) => SETS.get(entry) ?? [entry]))];
  }
  const sets = [...SETS.keys()].join(', ');
  const message = `--refuse_ops takes sets (${sets}) and names of ops, got ${wrong}`;
  throw new ServingError(StatusCode.INVALID_ARGUMENT, message);
}
