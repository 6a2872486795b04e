// ESLint with types: a dropped promise is a hung request. The arrows of imports between the folders of
// src are errors when broken.
import tseslint from 'typescript-eslint';

const LEAVES = ['status', 'protos', 'log'];
const BASE = [...LEAVES, 'config', 'metrics'];

/**
 * Each folder of src with what it may import; the files beside them and src/cli/main.ts wire everything, nothing
 * imports those.
 */
const ARROWS = {
  ...Object.fromEntries(LEAVES.map((leaf) => [leaf, []])),
  log: ['status'],
  config: LEAVES,
  metrics: LEAVES,
  core: BASE,
  native: BASE,
  batching: BASE,
  sources: [...BASE, 'core'],
  servables: [...BASE, 'core', 'native', 'batching'],
  tables: [...BASE, 'core', 'native', 'servables'],
  plugins: [...BASE, 'core', 'native', 'servables', 'sources'],
  access: [...BASE, 'native'],
  pipeline: [...BASE, 'core', 'native', 'servables'],
  service: [...BASE, 'core', 'native', 'access', 'tracing'],
  tracing: [...BASE, 'native'],
  listening: [...BASE, 'native', 'access'],
  rest: [...BASE, 'core', 'native', 'access', 'service', 'tracing', 'listening'],
  grpc: [...BASE, 'core', 'native', 'access', 'service', 'tracing', 'listening'],
  'io-threads': [
    ...BASE,
    ...['core', 'native', 'access', 'batching', 'servables', 'service'],
    ...['listening', 'rest', 'grpc'],
  ],
  validation: [
    'access',
    ...BASE,
    ...['core', 'native', 'access', 'batching', 'sources', 'servables', 'tables', 'pipeline'],
    ...['plugins', 'service', 'listening'],
  ],
  cli: BASE,
};

/** One rule for the files of the folder itself, one for those a folder deeper. */
function arrow([folder, allowed]) {
  return [1, 2].map((depth) => {
    const up = '\\.\\./'.repeat(depth);
    const open = depth === 1 ? allowed : [...allowed, folder];
    return {
      files: [`src/${folder}/${'*/'.repeat(depth - 1)}*.ts`],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                regex: `^${up}(?!(?:${[...open, '-'].join('|')})/)`,
                message: `src/${folder} may import: ${allowed.join(', ') || 'nothing else of src'}`,
              },
            ],
          },
        ],
      },
    };
  });
}

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'build/', 'third_party/'] },
  {
    files: ['{src,test,bench,examples}/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/rest/uws/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { paths: [{ name: 'uWebSockets.js', message: 'uWebSockets is src/rest/uws alone' }] },
      ],
    },
  },
  {
    files: ['examples/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(\\.\\./)+src/', message: 'examples import the package' }] },
      ],
    },
  },
  { files: ['src/*.ts', 'test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.mjs', '*.js'],
    extends: [tseslint.configs.base],
    rules: { eqeqeq: 'error', 'no-undef': 'off', 'prefer-const': 'error' },
  },
  ...Object.entries(ARROWS).flatMap(arrow),
  { files: ['src/cli/main.ts'], rules: { 'no-restricted-imports': 'off' } },
);
