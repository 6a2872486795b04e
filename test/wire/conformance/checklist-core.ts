/**
 * Sections 10 to 18 of the checklist: the server's core, which a client sees only in part. Each line has
 * its evidence beside it.
 */

import { BATCHING } from './checklist-batching.js';
import { TFLITE } from './checklist-tflite.js';
import { inFile, library, notYet, type Evidence } from './evidence.js';

const NO_REQUEST = 'no single request shows it';
const modelSet = inFile('test/unit/core/model-set.test.ts', NO_REQUEST);
const modelConfig = inFile('test/unit/config/model-config.test.ts', NO_REQUEST);
const wireConfig = inFile('test/server/model-config.test.ts', 'needs several configurations');
const labels = inFile('test/unit/core/version-labels.test.ts', 'needs several configurations');
const source = inFile('test/unit/sources/file-system-looker.test.ts', 'needs changes of files');
const troubles = inFile(
  'test/unit/sources/file-system-looker-troubles.test.ts',
  'needs changes of files',
);
const polls = inFile(
  'test/unit/sources/file-system-looker-polls.test.ts',
  'needs changes of files',
);
const folders = inFile('test/unit/sources/version-folders.test.ts', 'needs changes of files');
const policy = inFile('test/unit/core/aspired-version-policy.test.ts', NO_REQUEST);
const manager = inFile('test/unit/core/manager.test.ts', NO_REQUEST);
const managerLoads = inFile('test/unit/core/manager-loads.test.ts', NO_REQUEST);
const managerLines = inFile('test/unit/core/manager-lines.test.ts', NO_REQUEST);
const lifecycle = inFile('test/wire/lifecycle.test.ts', 'needs starts and stops');
const memory = inFile('test/unit/servables/load-memory.test.ts', 'needs a full machine');
const nativeWarmup = inFile('test/native/runtime/warmup_test.cc', 'needs a load');
const wireWarmup = inFile('test/server/warmup.test.ts', 'needs a load');
const prometheus = inFile('test/unit/metrics/prometheus-text.test.ts', 'needs metrics of its own');
const textProto = inFile('test/unit/config/text-proto.test.ts', 'needs a start');
const batching = inFile(
  'test/wire/batching-parameters.test.ts',
  'needs requests that wait for each other',
);
const upstreamModels = inFile('test/integration/upstream-models.test.ts', 'a model of its own');

const OPTION = library("an option of upstream's C++ library, which its server leaves alone");
const PLUMBING = library("of upstream's C++ classes");
const PLATFORMS = library('there is one platform, as in the server of upstream');
const NO_LOGGER = library("upstream's open server has no request logger");
const GRAPH_OPTIONS = notYet('assets.extra/saved_model_config.pb is not read');

export const CORE: Readonly<Record<string, Readonly<Record<string, Evidence>>>> = {
  '10 Server core': {
    PreLoadHook: OPTION,
    CreateWaitsTillModelsAvailable: modelSet('CreateWaitsTillModelsAvailable'),
    ReloadConfigWaitsTillModelsAvailable: modelSet('ReloadConfigWaitsTillModelsAvailable'),
    ReloadConfigUnloadsModels: modelSet('ReloadConfigUnloadsModels'),
    ReloadConfigHandlesLoadingAPreviouslyUnloadedModel: modelSet(
      'ReloadConfigHandlesLoadingAPreviouslyUnloadedModel',
    ),
    ReloadConfigChangeModelBasePath: source('follows a change of base path, and back'),
    AbsolutePathSucceeds: modelConfig('AbsolutePathSucceeds'),
    RelativePathFails: 'cases',
    MixedAbsoluteRelativeFails: 'cases',
    AbsoluteAndRelativePathsWithOptionsSucceed: OPTION,
    RelativePathWithOptionsSucceeds: OPTION,
    AbsolutePathWithEmptyPathFails: OPTION,
    ErroringModel: modelSet('ErroringModel'),
    IllegalReconfigurationToCustomConfig: 'cases',
    IllegalReconfigurationFromCustomConfig: library(
      'a custom config is refused at start, where the server of upstream aborts',
    ),
    IllegalConfigModelTypeAndPlatformSet: 'cases',
    DeprecatedModelTypeConfig: modelConfig('DeprecatedModelTypeConfig'),
    DuplicateModelNameInConfig: 'cases',
    UnknownModelPlatform: 'cases',
    MultiplePlatforms: PLATFORMS,
    MultiplePlatformsWithConfigChange: PLATFORMS,
    IllegalToChangeModelPlatform: PLATFORMS,
    RequestLoggingOff: wireConfig(
      'serves every model of the file in the versions that its policy says',
    ),
    RequestLoggingOn: modelSet(
      'refuses request logging after the models are there, and takes the next list',
    ),
    ModelSpecMultipleVersionsAvailable: 'cases',
    AssignLabelToUnavailableVersion: 'cases',
    AssignLabelToUnavailableVersionAllowed: 'cases',
    AssignExistingLabelToUnavailableVersionDisallowed: labels(
      'lets a new label wait for its version where that is allowed, but no label that is in use',
    ),
    AssignExistingLabelToUnavailableVersionAllowed: OPTION,
    VersionLabelsNotAllowed: OPTION,
    StoragePathPrefixOption: OPTION,
  },
  '11 Version discovery': {
    NoVersionsAtStartup: troubles(
      'reports the empty set, and says so, when the base path has no version',
      'reports the other models when the base path of one is missing, and names it once',
    ),
    FilesAppearAfterStartup: troubles(
      'reports the other models when the base path of one is missing, and names it once',
    ),
    MultipleVersions: source('reports the latest version'),
    MultipleVersionsAtTheSameTime: source('reports all versions'),
    NLatestVersions: source('reports as many of the latest as the policy says'),
    SpecificVersions: source(
      'reports specific versions with the path as found, and names those that are missing',
    ),
    SpecificVersionsLeadingZeros: source(
      'reports specific versions with the path as found, and names those that are missing',
    ),
    SpecificVersionsEmpty: source(
      'reports the empty set for a specific policy that names no version',
    ),
    DefaultVersionPolicy: modelConfig('takes the latest version unless the policy says otherwise'),
    DefaultNumLatestVersions: modelConfig(
      'takes the latest version unless the policy says otherwise',
    ),
    MultipleServables: source('gives each of several models its own set'),
    ChangeSetOfServables: source(
      'reports the empty set at once for a model that is dropped, and finds a new one',
    ),
    ChangeVersionPolicy: source('follows a change of policy'),
    AttemptToChangePollingPeriod: library('the flag holds for the life of the process'),
    ParseTimestampedVersion: folders('reads a decimal int64 with blanks, sign and leading zeros'),
    ServableVersionDirRenamed: source(
      'drops a version whose folder was removed or renamed, and finds a new one',
    ),
    DuplicateVersions: folders('takes, of several names for one version, the last in byte order'),
    LastVersionNotRemoved: source(
      'drops a version whose folder was removed or renamed, and finds a new one',
    ),
    PollFilesystemOnlyOnce: polls('looks once when told so, and again when it is configured anew'),
    'static source Basic': PLUMBING,
    'prefix adapter Basic': PLUMBING,
  },
  '12 Availability-preserving policy': {
    LoadsNewAspired: policy('loads the highest new version', 'does not ask twice for a load'),
    UnloadsNonAspiredFirst: policy('unloads before it loads'),
    UnloadsFirstNonAspiredWhenNoAspired: policy('unloads when nothing is wanted'),
    ReturnsNoActionWhenNone: policy('does nothing when there is nothing to do'),
    DoesNotUnloadWhenOtherNotReady: policy('keeps the old version while the new one is not ready'),
    DoesNotUnloadWhenOtherInError: policy('keeps the old version when the new one failed'),
    UnloadIfOtherReadyEvenIfLoading: policy(
      'unloads when a wanted one is ready though another is loading',
    ),
    UnloadIfOtherReadyEvenIfError: policy(
      'unloads when a wanted one is ready though another failed',
    ),
    UnloadIfNoAspiredVersionsReady: policy('lets several unwanted versions shrink to one'),
  },
  '12 Resource-preserving policy': {
    UnloadsFirstNonAspired: policy('unloads the lowest unwanted version first'),
    LoadsFirstAspiredWhenNoneToUnload: policy(
      'loads the highest new version when none is left to unload',
    ),
    DoesNotLoadWhenOthersStillUnloading: policy('does not load while another is still unloading'),
    LoadIfUnaspiredIsError: policy('loads when the unwanted one failed'),
  },
  '12 Manager': {
    ServableHandleNotFoundMissingLoaderName: manager(
      'refuses with the text of upstream what is not available',
    ),
    ServableHandleNotFoundMissingVersion: managerLines('ServableHandleSpecificVersion'),
    ServableHandleInvalidArgument: library('there is one type of servable'),
    ServableHandleLatest: managerLines('ServableHandleLatest'),
    ServableHandleLatestVersionIsZero: managerLines('ServableHandleLatestVersionIsZero'),
    ServableHandleSpecificVersion: managerLines('ServableHandleSpecificVersion'),
    ServableHandleEarliest: library('no request asks for the earliest version'),
    ListAvailableServableIds: managerLines('ListAvailableServableIds'),
    GetAvailableServableHandles: PLUMBING,
    GetAvailableServableHandlesWrongType: library('there is one type of servable'),
    AspiredRemovedFull: manager('unloads everything when no version is aspired any more'),
    AspiredRemovedPartial: managerLines('AspiredRemovedPartial'),
    RevertToSmallerVersionNumber: managerLines('RevertToSmallerVersionNumber'),
    AspiredAndManageStateLoad: manager('loads an aspired version and hands out handles to it'),
    AspiredAndManageStateUnload: manager(
      'keeps the old version serving until the new one is available',
    ),
    ManagerPrefersUnloadOverLoad: managerLines('ManagerPrefersUnloadOverLoad'),
    ErroneousAspiredVersion: managerLoads(
      'keeps the old version when the new one fails, and shows why',
    ),
    EventBusErroneousVersion: managerLines('EventBusErrorOnLoad'),
    EventBusErrorOnLoad: managerLines('EventBusErrorOnLoad'),
    AspireErrorDontUnload: managerLoads(
      'keeps the old version when the new one fails, and shows why',
    ),
    EventBusServableLifecycle: managerLines('EventBusServableLifecycle'),
    RetryOnLoadErrorFinallySucceeds: managerLines('RetryOnLoadErrorFinallySucceeds'),
    RetryOnLoadErrorFinallyFails: managerLoads(
      'retries a failed load as often as told, after the interval',
    ),
    RetryOnLoadErrorCancelledLoad: managerLoads(
      'ends the wait for the next attempt when the version is no longer wanted',
    ),
    NonRetriableError: OPTION,
    UnloadDueToCancelledLoad: managerLoads(
      'drops a load whose version is no longer wanted, and says that it was cancelled',
    ),
    UnaspireThenImmediatelyReaspire: manager(
      'holds a set that wants a version back until that version is gone',
    ),
    UnaspireFailedServableThenImmediatelyReaspire: managerLines(
      'UnaspireFailedServableThenImmediatelyReaspire',
    ),
    UnaspireNewServableThenImmediatelyReaspire: managerLines(
      'UnaspireNewServableThenImmediatelyReaspire',
    ),
    ReloadAspiredError: managerLoads('tries a failed version again when its files have changed'),
    'basic manager: concurrency': inFile(
      'test/unit/core/manager.property.test.ts',
      NO_REQUEST,
    )('keeps its promises with ${name}, in ${HISTORIES} random histories'),
    AlreadyManagedError: managerLines('MultipleLoadServables'),
    OutOfOrderLoadServable: PLUMBING,
    MultipleLoadServables: managerLines('MultipleLoadServables'),
    MultipleUnloadServables: managerLines('MultipleUnloadServables'),
    FastLoad: managerLoads(
      'runs no more loads at once than told, and lets a wait for a retry take no place',
    ),
    ConcurrentLoads: managerLoads(
      'runs no more loads at once than told, and lets a wait for a retry take no place',
    ),
    InsufficientResources: memory(
      'is refused where it does not fit, with what is needed and what there is',
    ),
    ResourcesReleased: memory('counts the loads in progress, until they are over'),
    'state monitor: AddingStates, UpdatingStates': managerLines('EventBusServableLifecycle'),
    'state monitor: VersionMapDescendingOrder': managerLines('VersionMapDescendingOrder'),
    'state monitor: GetLiveServableStates': managerLines('ListAvailableServableIds'),
    'state monitor: ForgetUnloadedServableStates': OPTION,
    'state monitor: NotifyWhenServablesReachState': modelSet('CreateWaitsTillModelsAvailable'),
    'state monitor: WaitUntil': managerLoads(
      'tells at start which models failed, in the words of upstream',
    ),
    'retrier: RetryFinallySucceeds': managerLines('RetryOnLoadErrorFinallySucceeds'),
    'retrier: RetryFinallyFails': managerLoads(
      'retries a failed load as often as told, after the interval',
    ),
    'retrier: RetryCancelled': managerLoads(
      'ends the wait for the next attempt when the version is no longer wanted',
    ),
    'retrier: RetryCancelledOnUnimplementedError': OPTION,
  },
  '13 Batching': BATCHING,
  '14 Loading': {
    Basic: upstreamModels('loads ${name} and answers'),
    RunOptions: lifecycle('answers 504 when the REST timeout passes during a run'),
    RunOptionsError: PLUMBING,
    Batching: batching('runs requests of both transports together, and answers each with its rows'),
    PerModelBatchingParams: batching(
      'batches by the file of the version, not by the global one',
      'does not batch a version without a file',
    ),
    EstimateResourceRequirementWithGoodExport: memory('is 1.2 times the size of all files'),
    RemoveUnusedFieldsFromMetaGraph: inFile(
      'test/native/runtime/signature_test.cc',
      'memory only',
    )('ReadsSignaturesAndKeepsTheirBytes'),
    SetGraphOptionsFromSavedModelConfig: GRAPH_OPTIONS,
    MissingSavedModelConfig: upstreamModels('loads ${name} and answers'),
    EmptySavedModelConfig: GRAPH_OPTIONS,
    SavedModelConfig: GRAPH_OPTIONS,
    'AddOptimizers, ReplaceOptimizers': GRAPH_OPTIONS,
    'ModelConfig, EmptyModelConfig, OverwriteRuntimeConfig': GRAPH_OPTIONS,
    BackwardCompatibility: upstreamModels('refuses ${name}, an old format'),
    MLMetadata: library('needs session metadata, which the server of upstream never has'),
    'util: Empty, ExampleList, Context': inFile(
      'test/native/example_request_test.cc',
      'serialization of examples',
    )(
      'IsEmptyWithoutExamples',
      'SplitsAListWithoutCopyingIt',
      'PutsTheContextInFrontOfEveryExample',
      'TakesAListWithoutContextAsItIs',
    ),
    'util: RequestNumExamplesStreamz': inFile(
      'test/wire/metrics.test.ts',
      'a metric',
    )('counts Predict, Classify and Regress over gRPC, and the examples of MultiInference'),
    'util: effective model_spec': inFile(
      'test/wire/conformance/cases/predict.ts',
      'cases of section 5',
    )('PredictionSuccess: the latest version'),
    'util: EstimateResourceFromPathUsingDiskState': memory('is 1.2 times the size of all files'),
    'util: GetKeys, GetDiff, SetGet': PLUMBING,
  },
  '15 Warmup': {
    MixedWarmupData: nativeWarmup('RunsEveryKindOfRequestInOneFile'),
    UnsupportedLogType_SessionRun: nativeWarmup('RefusesStreamedAndSessionRunLogs'),
    UnsupportedLogType_PredictStreamed: nativeWarmup('RefusesStreamedAndSessionRunLogs'),
    NoWarmupDataFile: nativeWarmup('DoesNothingWithoutAFileWhereNothingSyntheticMayRun'),
    WarmupDataFileEmpty: nativeWarmup('TakesAnEmptyFileAndRunsNothingSyntheticBesideIt'),
    UnsupportedFileFormat: wireWarmup('on a file that is no TFRecord file'),
    TooManyWarmupRecords: wireWarmup('on too many records'),
    UnparsableRecord: wireWarmup(
      'on a record that is no PredictionLog, which it quotes whatever its bytes',
    ),
    RunSuccess: nativeWarmup('RunsEachRecordAsOftenAsAsked'),
    RunFailure: wireWarmup('on a request: END with its status'),
    WarmupStateRegistration: PLUMBING,
  },
  '16 Prometheus': {
    Counter: prometheus('Counter'),
    Gauge: prometheus('Gauge'),
    Histogram: prometheus('Histogram'),
    SanitizeLabelValue: prometheus('SanitizeLabelValue'),
    SanitizeLabelName: prometheus('SanitizeLabelName'),
    SanitizeMetricName: prometheus('SanitizeMetricName'),
  },
  '17 Configuration files and status': {
    ParseProtoTextFile_Errors: textProto('refuses as upstream what cannot be read'),
    // A file of no bytes at all is refused, as the server of upstream refuses it.
    ParseProtoTextFile_EmptyFile_Success: textProto(
      'takes comments alone, a byte order mark and an empty message',
    ),
    ParseProtoTextFile_Success: textProto('reads a file'),
    'status conversions': wireWarmup('on a request: END with its status'),
    'server request logger': NO_LOGGER,
    'request logger': NO_LOGGER,
    'log collector': NO_LOGGER,
  },
  '18 TFLite': TFLITE,
};
