import { readFile, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { basename, join, resolve } from "node:path"
import type { Command } from "commander"
import type { CliContext } from "./context.ts"
import { CommandError, exitCodes } from "./exit.ts"

interface Flags {
  readonly installation?: string
  readonly url?: string
  readonly apiUrl?: string
}

const exampleUrl = "https://git.example.com/data/analytics.git"

/** `lockstep init`: a first config, ready to be looked at with `lockstep plan`. */
export function addInit(program: Command, context: CliContext): void {
  program
    .command("init")
    .summary("write a first config")
    .description("Writes a commented config that plans and writes nothing yet (apply: false). Never overwrites a file.")
    .argument("[file]", "where to", "lockstep.yaml")
    .option("--installation <name>", "name in every ownership mark (default: made of this machine and folder)")
    .option("--url <url>", "the repository (default: the origin of the checkout that you are in)")
    .option("--api-url <url>", "Prefect's API (default: $PREFECT_API_URL, else http://127.0.0.1:4200/api)")
    .addHelpText(
      "after",
      "\nExample:\n  lockstep init --url https://git.example.com/data/analytics.git && lockstep plan",
    )
    .action(async (file: string, flags: Flags) => init(file, flags, context))
}

async function init(file: string, flags: Flags, { terminal }: CliContext): Promise<void> {
  const { environment, folder, out } = terminal
  const url = flags.url ?? (await originOf(folder))
  const apiUrl = flags.apiUrl ?? environment["PREFECT_API_URL"] ?? "http://127.0.0.1:4200/api"
  const installation = flags.installation ?? installationOf(hostname(), folder)
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(installation) || installation.length > nameLengthMax)
    throw new CommandError(
      `--installation "${installation}": lower-case letters and digits, in parts joined by single hyphens`,
      exitCodes.usage,
    )
  const cloud = apiUrl.includes("/workspaces/")
  const text = configText({ installation, url: url ?? exampleUrl, apiUrl, cloud })
  await writeFile(resolve(folder, file), text, { flag: "wx" }).catch((error: NodeJS.ErrnoException): never => {
    if (error.code === "EEXIST")
      throw new CommandError(`${file} is there already, and is never overwritten: name another file`, exitCodes.usage)
    throw new CommandError(`${file} can't be written: ${error.message}`)
  })
  const config = file === "lockstep.yaml" ? "" : ` --config ${file}`
  const first = url === null ? `Put your repository's URL into ${file}, then` : "Next"
  out.write(
    `Wrote ${file}: it plans and writes nothing yet.\n${first}:  lockstep plan${config}\nThen, with apply: true:  lockstep run${config}\n`,
  )
}

/** A name that isn't everybody's: two daemons of one name would each take the other's sources for gone or foreign. */
export function installationOf(host: string, folder: string): string {
  const parts = [host.split(".")[0] ?? "", basename(resolve(folder))].filter((part) => part !== "localhost")
  const words = parts
    .join("-")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
  const name = words.slice(0, nameLengthMax).replaceAll(/^-+|-+$/g, "")
  return name === "" ? "lockstep" : name
}

const nameLengthMax = 63

/** Every option that most people need, and where the others are told. */
function configText(given: {
  readonly installation: string
  readonly url: string
  readonly apiUrl: string
  readonly cloud: boolean
}): string {
  const auth = given.cloud
    ? "    apiKey: { env: PREFECT_API_KEY } # secrets are always references: { env } or { file }\n"
    : "    # authString: { env: PREFECT_API_AUTH_STRING } # for a server with basic authentication\n"
  return `# Lockstep keeps Prefect as Git says. Look first:  lockstep plan    then:  lockstep run
# Edits of this file are taken while the daemon runs. All options: config/lockstep.example.yaml in the package.

# Part of every ownership mark: another daemon's is another name. It stays when the daemon moves to another machine.
installation: ${given.installation}

workspaces:
  - name: default
    apiUrl: ${JSON.stringify(given.apiUrl)}
${auth}
server:
  listen: 127.0.0.1:8484 # status page, /metrics, API
  # token: { env: LOCKSTEP_TOKEN } # needed for sync, suspend, pin, confirm, and to listen elsewhere than on loopback

stateDir: ./lockstep-state # Git objects only; may be deleted at any time

sources:
  - name: main
    url: ${JSON.stringify(given.url)}
    ref: { branch: main }
    # credentials: { token: { env: GIT_TOKEN } } # for a private repository
    # manifests: ["**/prefect.yaml"] # which files declare deployments
    apply: false # plan and report only; true lets Lockstep write
    # adopt: same # existing deployments: same = take over silently what equals Git, and ask about the rest
    # prune: { mode: confirm } # nothing is removed without a confirmation; the default is auto, with a grace of 24h
`
}

/** The https form of the checkout's origin, without user info; null when there is none. Reads a file, runs no git. */
async function originOf(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, ".git/config"), "utf8").catch(() => "")
  const url = /^\[remote "origin"\]\s*\n(?:\s+.*\n)*?\s+url\s*=\s*(\S+)/m.exec(text)?.[1] ?? ""
  const ssh = /^(?:ssh:\/\/)?[\w.-]+@([\w.-]+)(?::\d+)?[:/](.+)$/.exec(url)
  if (ssh) return `https://${ssh[1]}/${ssh[2]}`
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return null
  parsed.username = ""
  parsed.password = ""
  return parsed.href
}
