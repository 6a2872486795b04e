/**
 * --ssl_config_file: keys and certificates of the listeners, checked before anything listens, so that
 * a broken one ends the start; upstream aborts there.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { readTextProtoFile } from './text-proto.js';

/** PEM texts that have been parsed once. */
export interface SslConfig {
  readonly serverKey: string;
  /** The server's certificate, followed by those that lead to its authority. */
  readonly serverCert: string;
  /** What clients' certificates are checked with; null where none are asked for. */
  readonly clientCa: string | null;
}

/** The fields of SSLConfig that hold PEM texts. */
type PemField = 'server_key' | 'server_cert' | 'custom_ca';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** @throws ServingError NOT_FOUND or INVALID_ARGUMENT */
export async function readSslConfig(file: string): Promise<SslConfig> {
  const { config, mistakes } = await examineSslConfig(file);
  const [first] = mistakes;
  if (first === undefined) return config;
  throw new ServingError(
    StatusCode.INVALID_ARGUMENT,
    `Invalid ssl config file: '${file}': ${first.text}`,
    [],
    { cause: first.cause },
  );
}

/** All that is wrong with the PEM texts, `field: reason`. @throws ServingError for what is no SSLConfig */
export async function examineSslConfig(file: string): Promise<{
  readonly config: SslConfig;
  readonly mistakes: readonly { readonly text: string; readonly cause?: unknown }[];
}> {
  const root = loadProtos(['tensorflow_serving/config/ssl_config.proto']);
  const type = root.lookupType('tensorflow.serving.SSLConfig');
  const {
    server_key = '',
    server_cert = '',
    custom_ca = '',
    client_verify = false,
  } = (await readTextProtoFile(type, file)) as Partial<Record<PemField, string>> & {
    client_verify?: boolean;
  };
  const mistakes: { text: string; cause?: unknown }[] = [];
  const refuse = (field: PemField, reason: string, cause?: unknown): void => {
    mistakes.push({ text: `${field}: ${reason}`, cause });
  };
  const check = (field: PemField, reason: string, parse: () => void): void => {
    try {
      parse();
    } catch (cause) {
      refuse(field, `${reason} (${ServingError.from(cause).message})`, cause);
    }
  };
  if (server_key === '') refuse('server_key', 'must be set');
  if (server_cert === '') refuse('server_cert', 'must be set');
  if (server_key !== '') {
    check('server_key', 'not a private key in PEM', () => createSecureContext({ key: server_key }));
  }
  if (server_cert !== '') {
    check('server_cert', 'not a chain of certificates in PEM', () =>
      createSecureContext({ cert: server_cert }),
    );
  }
  if (mistakes.length === 0) {
    check('server_key', 'not the key of server_cert', () =>
      createSecureContext({ key: server_key, cert: server_cert }),
    );
  }
  if (custom_ca !== '') {
    check('custom_ca', 'not certificates in PEM', () => checkCertificates(custom_ca));
  } else if (client_verify) {
    // Upstream starts and then turns every client away; Node would trust every public authority.
    refuse('custom_ca', 'must be set, since client_verify is');
  }
  return {
    config: {
      serverKey: server_key,
      serverCert: server_cert,
      clientCa: client_verify ? custom_ca : null,
    },
    mistakes,
  };
}

/** Those in a PEM text. @throws Error for what is none */
export function certificatesIn(text: string): X509Certificate[] {
  return (text.match(CERTIFICATE) ?? []).map((certificate) => new X509Certificate(certificate));
}

/** When the first certificate of each field expires, in Unix time. */
export function certificateExpiries({
  serverCert,
  clientCa,
}: SslConfig): { readonly certificate: PemField; readonly seconds: number }[] {
  const expiryOf = (certificate: PemField, text: string): [PemField, number] => {
    const ends = certificatesIn(text).map(({ validTo }) => Date.parse(validTo));
    return [certificate, Math.floor(Math.min(...ends) / 1000)];
  };
  const expiries = [expiryOf('server_cert', serverCert)];
  if (clientCa !== null) expiries.push(expiryOf('custom_ca', clientCa));
  return expiries.map(([certificate, seconds]) => ({ certificate, seconds }));
}

/** Node takes anything for a list of authorities, and then knows none. */
function checkCertificates(text: string): void {
  const certificates = certificatesIn(text);
  const rest = text.replace(CERTIFICATE, '');
  if (certificates.length === 0 || rest.includes('-----')) throw new Error('no whole certificate');
}
