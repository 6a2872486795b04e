/** The balancers that are tried, with what is particular to each. */
import { find } from '../../clients/programs.js';
import { pipTool } from '../harness.js';

/** `documented`: as the file has it. `unsent`: only what no replica was sent is tried again. */
export type Retries = 'documented' | 'unsent';

export type Change = readonly [text: RegExp, by: string];

export interface Balancer {
  readonly name: string;
  /** In deploy/. */
  readonly file: string;
  /** Null: not installed. */
  readonly program: () => string | null;
  readonly args: (file: string, folder: string) => string[];
  /** How the file names an address. */
  readonly address: (host: string, port: string) => string;
  /** Turns the documented retries into those of what was not sent. */
  readonly unsent: readonly Change[];
  /** Its own page, and how many replicas this says are well, over REST and gRPC together. Null: it has none. */
  readonly page: { readonly port: number; readonly up: (port: number) => Promise<number> } | null;
  /** What it writes when it leaves out a replica, where no page says so. */
  readonly leftOut?: RegExp;
  /** A call that a replica has got is not sent to another one: that is left to clients. */
  readonly leavesCalls?: boolean;
  /** What the file must have besides where users do not run it as root. */
  readonly besides?: (folder: string) => readonly Change[];
}

/** Envoy's page of clusters, as far as it is read. */
interface Clusters {
  readonly cluster_statuses: readonly {
    readonly host_statuses?: readonly { readonly health_status: Record<string, unknown> }[];
  }[];
}

export const ENVOY: Balancer = {
  name: 'Envoy',
  file: 'envoy/envoy.yaml',
  program: () => pipTool('envoy'),
  args: (file) => ['-c', file, '--log-level', 'error', '--disable-hot-restart'],
  address: (host, port) => `address: ${host}, port_value: ${port}`,
  unsent: [[/retry_on: .*/, 'retry_on: connect-failure,refused-stream']],
  page: {
    port: 9901,
    up: async (port) => {
      const { cluster_statuses: clusters } = (await pageOf(
        port,
        '/clusters?format=json',
      )) as Clusters;
      const hosts = clusters.flatMap((cluster) => cluster.host_statuses ?? []);
      // Whatever is wrong with a host stands there as a flag beside this.
      return hosts.filter(({ health_status: health }) => {
        const flags = Object.keys(health).filter((name) => name !== 'eds_health_status');
        return flags.length === 0;
      }).length;
    },
  },
};

const NGINX: Balancer = {
  name: 'nginx',
  file: 'nginx/nginx.conf',
  program: () => find('nginx'),
  args: (file, folder) => [
    '-p',
    folder,
    '-c',
    file,
    '-g',
    `daemon off; pid ${folder}/pid; error_log stderr warn;`,
  ],
  address: (host, port) => `${host}:${port}`,
  unsent: [[/ http_502 http_503 non_idempotent/, '']],
  page: null,
  leftOut: /upstream server temporarily disabled/,
  leavesCalls: true,
  besides: (folder) => {
    const kept = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    return [
      [/^http \{/, `http {\n  ${kept.join(' ')}`],
      [/worker_processes auto/, 'worker_processes 2'],
    ];
  },
};

export const HAPROXY: Balancer = {
  name: 'HAProxy',
  file: 'haproxy/haproxy.cfg',
  program: () => find('haproxy'),
  args: (file) => ['-db', '-f', file],
  address: (host, port) => `${host}:${port}`,
  unsent: [[/retry-on .*/, 'retry-on conn-failure']],
  page: {
    port: 8404,
    up: async (port) => {
      const text = (await pageOf(port, '/;csv')) as string;
      const [head = '', ...lines] = text.split('\n');
      const [server, status] = ['svname', 'status'].map((name) => head.split(',').indexOf(name));
      const rows = lines.map((line) => line.split(','));
      return rows.filter(
        (cells) =>
          cells[server ?? 0]?.startsWith('tensorgate-') &&
          cells[status ?? 0]?.startsWith('UP') === true,
      ).length;
    },
  },
};

export const BALANCERS: readonly Balancer[] = [ENVOY, NGINX, HAPROXY];

async function pageOf(port: number, path: string): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return path.includes('json') ? answer.json() : answer.text();
}
