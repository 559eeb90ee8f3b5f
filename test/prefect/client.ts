import { WorkspaceClient } from "../../src/prefect/client.ts"
import type { TransportOptions } from "../../src/prefect/transport.ts"
import type { DeploymentCreate } from "../../src/core/change.ts"
import type { Coverage, DeploymentKey, LookAt, WorkspaceName } from "../../src/core/model.ts"
import { Secret, type SecretRef } from "../../src/core/secret.ts"
import type { Workspace } from "../../src/core/source.ts"
import { systemClock } from "../../src/lib/clock.ts"

/** Signal that nobody aborts. */
export const { signal } = new AbortController()

export const secretValue = "hunter2-hunter2"
/** Any reference gives `value`; that value is masked. */
export function secretsOf(value: string): TransportOptions["secrets"] {
  return {
    read: async (_ref: SecretRef) => new Secret(value),
    mask: (text) => text.replaceAll(value, "***"),
  }
}

export type ClientOptions = Partial<TransportOptions> & { readonly auth?: Workspace["auth"] }

/** A client of the server at `url`; waits between tries are short. */
export function optionsOf(url: string, { auth = { kind: "none" }, ...others }: ClientOptions = {}): TransportOptions {
  return {
    workspace: {
      name: "test" as WorkspaceName,
      apiUrl: url,
      auth,
      caFile: null,
      requests: { perSecond: 1_000, reads: 4, writes: 1 },
      driftIntervalMs: 1_000,
      listIntervalMs: 1_000,
    },
    secrets: secretsOf(secretValue),
    clock: { ...systemClock, random: () => 0.1 },
    userAgent: "lockstep/test",
    ...others,
  }
}

export function openClient(url: string, options: ClientOptions = {}): WorkspaceClient {
  return new WorkspaceClient(optionsOf(url, options))
}

const plain: DeploymentCreate["fields"] = {
  description: null,
  version: null,
  paused: false,
  entrypoint: "flows/etl.py:etl",
  parameters: {},
  parameterSchema: {},
  enforceParameterSchema: true,
  pullSteps: [],
  workPool: null,
  workQueue: null,
  jobVariables: {},
  concurrencyLimit: null,
  concurrencyOptions: null,
  schedules: [],
}

export function creation(
  flow: string,
  name: string,
  fields: Partial<DeploymentCreate["fields"]> = {},
  tags: readonly string[] = [],
): DeploymentCreate {
  return { flow, name, fields: { ...plain, ...fields }, tags }
}

/** What a snapshot must cover beside what is ours. */
export function covering(...keys: readonly DeploymentKey[]): Coverage {
  return { keys: new Set(keys), automations: false }
}

/** A look at the newest of ours, in a workspace of which nothing is known yet. */
export function newest(depth = 1): LookAt {
  return { depth, queues: new Set(["default"]), limits: false }
}

/** A request around the client. */
export async function ask<T>(url: string, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(url + path, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`)
  return (text === "" ? null : JSON.parse(text)) as T
}
