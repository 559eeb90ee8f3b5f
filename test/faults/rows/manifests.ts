import type { Fault } from "../fault.ts"

/** What `validate` and plans say of a mistake. */
export const manifests: readonly Fault[] = []
