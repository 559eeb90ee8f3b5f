import type { Fault } from "../fault.ts"

/** Hosts, hooks and proxies. */
export const hosts: readonly Fault[] = []
