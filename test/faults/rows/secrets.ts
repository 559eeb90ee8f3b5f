import type { Fault } from "../fault.ts"

/** What must not get out. */
export const secrets: readonly Fault[] = []
