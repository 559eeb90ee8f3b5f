import type { Fault } from "../fault.ts"

/** Several owners, and upgrades. */
export const owners: readonly Fault[] = []
