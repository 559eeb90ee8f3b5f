import { execFile } from "node:child_process"
import type { Environment } from "./config/values.ts"
import type { Clock } from "./lib/clock.ts"

/**
 * Tells systemd what state we are in (sd_notify(3)), by its own tool, because Node has no datagram Unix sockets. Outside
 * of a `Type=notify` unit there is nobody to tell, and a failure to tell is no reason to stop.
 */
export function notifySystemd(environment: Environment, state: "READY=1" | "STOPPING=1" | "WATCHDOG=1"): void {
  if (!environment["NOTIFY_SOCKET"]) return
  execFile("systemd-notify", [state], { timeout: 5_000 }, () => undefined)
}

/** Pats the watchdog at half its interval for as long as `alive` says so; silence makes systemd start us anew. */
export async function watchdog(
  environment: Environment,
  clock: Clock,
  alive: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const intervalMs = Number(environment["WATCHDOG_USEC"] ?? 0) / 1_000
  if (!(intervalMs > 0)) return
  try {
    for (;;) {
      await clock.sleep(intervalMs / 2, signal)
      if (alive()) notifySystemd(environment, "WATCHDOG=1")
    }
  } catch {
    // Aborted: the daemon is stopping, and says so itself.
  }
}
