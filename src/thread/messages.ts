import type { DesiredDeployment, Desired, TreeEntry } from "../core/model.ts"
import type { Index, RenderBlob, RenderPort } from "../reconcile/ports.ts"

/**
 * What crosses between the daemon and the thread that renders. Trees, indexes and what was bound stay there, and here they
 * are known by a name: a clone of an index would cost as much as reading it. What is large crosses in parts, so that neither
 * end is busy with it for long.
 */
export type Method = Exclude<keyof RenderPort, "clonedCommit" | "isPinned" | "has">

/** An argument: a value, or the name of something that is there already. */
export type Argument =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "tree" | "index" | "desired"; readonly name: string }
  /** A function that brings the texts of blobs. */
  | { readonly kind: "read" }

export interface Call {
  readonly kind: "call"
  readonly id: number
  /** Whose: the thread keeps the last few results of each owner. */
  readonly owner: string
  readonly method: Method
  readonly args: readonly Argument[]
}
export type ToThread =
  | Call
  | { readonly kind: "texts"; readonly id: number; readonly blobs: ReadonlyMap<string, RenderBlob> | null }
  | {
      readonly kind: "tree"
      readonly name: string
      readonly entries: readonly (readonly [string, TreeEntry])[]
      readonly isLast: boolean
    }
  | { readonly kind: "more"; readonly id: number }
  | { readonly kind: "forget"; readonly owner: string }

export type Result =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "index"; readonly name: string; readonly index: Index }
  | {
      readonly kind: "desired"
      readonly name: string
      readonly desired: Omit<Desired, "deployments">
      /** How many deployments follow. */
      readonly count: number
    }
export type FromThread =
  /** All its code is loaded: from now on it is at work. */
  | { readonly kind: "ready"; readonly id: 0 }
  | { readonly kind: "needs"; readonly id: number; readonly oids: readonly string[] }
  | { readonly kind: "done"; readonly id: number; readonly result: Result }
  | { readonly kind: "part"; readonly id: number; readonly deployments: readonly DesiredDeployment[] }
  /** An argument isn't there any more; it must be made again. */
  | { readonly kind: "lost"; readonly id: number; readonly name: string }
  | {
      readonly kind: "failed"
      readonly id: number
      readonly message: string
      /** Null = nobody foresaw it. */
      readonly known: { readonly kind: "transient" | "stalled"; readonly code: string } | null
    }

/** Deployments in one part: a few milliseconds for each end. */
export const partSize = 50
/** Entries of a tree in one part. */
export const treePartSize = 2_000

/** Where the thread writes what it is at: the length of a path, then the path. It can be read when the thread is dead. */
export const placeBytes = 2_048
