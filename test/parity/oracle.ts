import { spawn } from "node:child_process"
import { posix, resolve } from "node:path"
import { createInterface } from "node:readline"
import type { Rendered } from "./render.ts"

/** The id of the deployment that `prefect deploy` made, or why it made none. */
export type Answer = { readonly id: string } | { readonly error: string }

/** The real CLI's answers for the entries of one repository, in their order. */
export interface Oracle extends Disposable {
  deploy(one: Rendered): Promise<readonly Answer[]>
}

export function openOracle(apiUrl: string, home: string): Oracle {
  const child = spawn(resolve(".cache/prefect-3.8.8/bin/python"), [resolve("test/parity/deploy.py")], {
    env: {
      PATH: process.env["PATH"],
      HOME: home,
      PREFECT_HOME: home,
      PREFECT_API_URL: apiUrl,
      PREFECT_LOGGING_LEVEL: "CRITICAL",
    },
    stdio: ["pipe", "pipe", "inherit"],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async deploy({ folder, index, env }) {
      const answers: Answer[] = []
      const seen = new Map<string, number>()
      for (const { manifest } of index.entries) {
        const entry = seen.get(manifest) ?? 0
        seen.set(manifest, entry + 1)
        const job = {
          repository: folder,
          manifest,
          entry,
          folders: foldersAbove(manifest),
          env: Object.fromEntries(env),
        }
        child.stdin.write(`${JSON.stringify(job)}\n`)
        answers.push(JSON.parse(String((await lines.next()).value)) as Answer)
      }
      return answers
    },
    [Symbol.dispose]: () => child.kill(),
  }
}

/** The manifest's own folder and each above it, up to the root. */
function foldersAbove(manifest: string): readonly string[] {
  const own = posix.dirname(manifest)
  return own === "." ? [""] : [own, ...foldersAbove(own)]
}
