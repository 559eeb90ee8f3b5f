import type { Fault } from "../fault.ts"

/** What operators do. */
export const operators: readonly Fault[] = []
