/**
 * The nouns that everything is told in; `model.ts` has what is made of them. Apart from it, because the table of fields is
 * made of these, and the model of that table.
 */
declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

export type SourceName = Brand<string, "SourceName">
export type WorkspaceName = Brand<string, "WorkspaceName">
/** A full commit id: 40 hex digits. */
export type Revision = Brand<string, "Revision">
/** `flow/deployment`; neither part can contain `/` in Prefect, so the key splits in one way only. */
export type DeploymentKey = Brand<string, "DeploymentKey">
/** Prefect's UUID of a deployment. */
export type DeploymentId = Brand<string, "DeploymentId">
/** An instant in ISO 8601; compare with `sameInstant`, never as text, unless both came from one server. */
export type Instant = string

export function deploymentKey(flow: string, name: string): DeploymentKey {
  return `${flow}/${name}` as DeploymentKey
}

/** Where something stands in the repository; `line` and `column` count from 1. */
export interface Location {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** Something a person should know about, always with what to do; `code` is one stable word of `core/problems.ts`. */
export interface Problem extends Partial<Location> {
  readonly severity: "error" | "warning"
  readonly code: string
  readonly message: string
  readonly key?: DeploymentKey
}
