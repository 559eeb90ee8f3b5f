import type { JsonObject } from "../core/json.ts"
import type { Location, Problem } from "../core/model.ts"
import type { SecretRef } from "../core/secret.ts"

/** A fact read without running Python, or an honest "can't know" with the reason and the place. */
export type Decided<T> =
  | { readonly decided: true; readonly value: T }
  | { readonly decided: false; readonly reason: string; readonly at: Location }

/** What `prefect deploy` would take from the Flow object, read from the text instead. */
export interface FlowFacts {
  readonly at: Location
  /** A decorator above `@flow` that makes, or may make, something else of the flow. */
  readonly wrapper: Wrapper | null
  readonly name: Decided<string>
  /** Decorator `description`, else the cleaned docstring, else null. */
  readonly description: Decided<string | null>
  /** `parameter_openapi_schema` as Prefect computes it. */
  readonly schema: Decided<JsonObject>
  /** The schema with each undecidable parameter as `{}`: what a new deployment gets when `schema` is undecided. */
  readonly looseSchema: JsonObject
  readonly undecidedParameters: readonly UndecidedParameter[]
}
export interface Wrapper {
  /** As it is written. */
  readonly name: string
  readonly certain: boolean
  readonly at: Location
}
export interface UndecidedParameter {
  readonly name: string
  readonly reason: string
  readonly at: Location
}

/** The files of one commit, as far as they have been read. `unread` exists but isn't fetched yet. */
export type FileText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "unread" }
  | { readonly kind: "unreadable"; readonly reason: string }
export type ReadFile = (path: string) => FileText

/** What a flow is deployed from, beside its own files. */
export interface Surroundings {
  /** Folders whose packages are installed where the flow is deployed: those that hold a pyproject.toml or setup.py. */
  readonly projects: readonly string[]
  /** `env:` of the source. */
  readonly environment: ReadonlyMap<string, string | SecretRef>
}

/** `needs`: these files must be read first; ask again with them. Bounded by the files of the repository. */
export type Reading =
  | { readonly kind: "facts"; readonly facts: FlowFacts }
  | { readonly kind: "needs"; readonly paths: readonly string[] }
  | { readonly kind: "problem"; readonly problem: Problem }
