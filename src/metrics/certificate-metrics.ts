/** When certificates expire, for whoever is to be told in time. */
import type { ScalarFamily } from './families.js';

export interface CertificateExpiry {
  /** Where it is configured: `server_cert`. */
  readonly certificate: string;
  /** Unix time. */
  readonly seconds: number;
}

export function certificateFamily(expiries: readonly CertificateExpiry[]): ScalarFamily {
  const samples = expiries.map(({ certificate, seconds }) => ({
    labelValues: [certificate],
    value: seconds,
  }));
  const name = '/tensorgate/certificate_expiry_seconds';
  return { kind: 'gauge', name, labelNames: ['certificate'], samples: () => samples };
}
