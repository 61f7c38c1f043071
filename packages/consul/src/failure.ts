import {
  AccessDeniedError,
  InvalidArgumentError,
  StoreUnavailableError,
  TenureError,
  ValueTooLargeError,
} from '@tenure/core/store';
import { isResponseError, type ResponseError } from './wire.ts';

const LIMIT =
  'the agent does that beyond limits.http_max_conns_per_client (200 by default); lower maxConnections or raise the limit';

/** True when no byte of the request can have reached an agent, so that asking another address is no repetition. */
export function wasNotSent(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === 'connect' || syscall === 'getaddrinfo' || (code !== undefined && isTls(code));
}

/** What the core should hear of a request that brought no answer. */
export function failure(error: unknown, address: string, request: string): TenureError {
  if (error instanceof TenureError) return error;
  if (isResponseError(error)) return refusal(error, address, request);
  const { code, message } = error as NodeJS.ErrnoException;
  const where = `consul at ${address}: ${request}`;
  if (code !== undefined && isTls(code)) {
    return new StoreUnavailableError(`${where}: TLS: ${message} (${code})`, { cause: error });
  }
  if (code === 'ECONNRESET') {
    return new StoreUnavailableError(`${where}: connection reset; ${LIMIT}`, { cause: error });
  }
  const reasons = error instanceof AggregateError ? error.errors.map(String).join(', ') : message;
  return new StoreUnavailableError(`${where}: ${reasons}`, { cause: error });
}

function refusal(error: ResponseError, address: string, request: string): TenureError {
  const { statusCode: status = 0, body } = error.response;
  const text = typeof body === 'string' ? body.trim() : JSON.stringify(body ?? '');
  const message = `consul at ${address}: ${request}: ${status} ${text}`;
  if (status === 401 || status === 403) return new AccessDeniedError(message, { cause: error });
  if (status === 413) return tooLarge(text);
  if (status === 429) return new StoreUnavailableError(`${message}; ${LIMIT}`, { cause: error });
  if (/Invalid Session TTL/u.test(text)) {
    return new InvalidArgumentError(
      `${message}. TTLs are in nanoseconds; minTtlMs must mirror the agents' session_ttl_min`,
      { cause: error },
    );
  }
  return new StoreUnavailableError(message, { cause: error });
}

/** Consul counts the whole body of a transaction, in which a value takes a third more as base64. */
function tooLarge(text: string): ValueTooLargeError {
  const [bytes = 0, maxBytes = 0] = [...text.matchAll(/\d+/gu)].map(Number);
  return new ValueTooLargeError('the transaction with the value', bytes, maxBytes);
}

function isTls(code: string): boolean {
  return /^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)|_CERT/u.test(code);
}
