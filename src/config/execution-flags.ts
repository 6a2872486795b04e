/** The flags that say how graphs are executed. */
import type { FlagSpec } from './flag-spec.js';

export const EXECUTION_FLAGS = [
  {
    name: 'plan',
    type: 'string',
    default: 'auto',
    effect: 'served',
    choices: ['auto', 'as-saved', 'frozen', 'frozen+xla'],
    help: 'tensorgate: how graphs are executed: auto (measured at load), as-saved, frozen or frozen+xla',
  },
  {
    name: 'engine',
    type: 'string',
    default: 'tensorflow',
    effect: 'served',
    choices: ['auto', 'tensorflow', 'openvino'],
    help: 'tensorgate: what computes SavedModels on CPUs: tensorflow, openvino, or auto (measured at load)',
  },
  {
    name: 'openvino_precision',
    type: 'string',
    default: 'f32',
    effect: 'served',
    choices: ['f32', 'bf16', 'f16'],
    help: 'tensorgate: the numbers in which OpenVINO computes SavedModels; others than f32 differ from TensorFlow',
  },
  {
    name: 'tensorflow_onednn',
    type: 'string',
    default: 'auto',
    effect: 'served',
    choices: ['auto', 'on', 'off'],
    help: 'tensorgate: let TensorFlow compute by oneDNN: on, off, or auto (by the CPU); TF_ENABLE_ONEDNN_OPTS decides where it is set',
  },
  {
    name: 'plan_trial_ms',
    type: 'int32',
    default: 300,
    effect: 'served',
    atLeast: 0,
    help: 'tensorgate: how long the plans of a version are timed at its load, beyond their first runs',
  },
  {
    name: 'plan_keeps_nan',
    type: 'bool',
    default: false,
    effect: 'served',
    help: 'tensorgate: take no plan that answers NaN otherwise than the graph as it was saved',
  },
  {
    name: 'plan_cache_dir',
    type: 'string',
    default: '',
    effect: 'served',
    help: 'tensorgate: folder that keeps which plans were chosen, for later loads; empty: none',
  },
] as const satisfies readonly FlagSpec[];
