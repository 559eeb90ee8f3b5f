import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { makeCertificate } from "../support/certificate.ts"
import type { World } from "../support/daemon.ts"
import { openGitServer, type GitServer } from "../support/git-server.ts"

/** A Git host with a certificate of its own that wants a token, as Prefect's `git_clone` and Lockstep send it. */
export interface PrivateHost {
  readonly server: GitServer
  /** PEM file of its authority. */
  readonly caFile: string
  /** What a source of Lockstep needs to read it. */
  readonly source: object
}

const gitToken = "runs-token-5e2a"
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString("base64")}`
/** `git_clone` sends a lone token as the user's name. */
const accepted = new Set([basic(`${gitToken}:`), basic(`ci:${gitToken}`)])
const refused = { status: 401, headers: { "www-authenticate": 'Basic realm="git"' } }

export async function openPrivateHost(folder: string): Promise<PrivateHost> {
  const { file: caFile, tls } = makeCertificate(folder, "private-git")
  const tokenFile = join(folder, "git-token")
  writeFileSync(tokenFile, gitToken)
  const server = await openGitServer({ tls })
  server.fault = ({ authorization }) => (accepted.has(authorization ?? "") ? null : { kind: "answer", ...refused })
  return { server, caFile, source: { caFile, credentials: { username: "ci", token: { file: tokenFile } } } }
}

/** The Secret block that `pull` sections name. */
export async function makeBlock({ call }: World): Promise<void> {
  await call("POST", "/block_types/install_system_block_types")
  const type = await call<{ id: string }>("GET", "/block_types/slug/secret")
  const [schema] = await call<readonly { id: string }[]>("POST", "/block_schemas/filter", {
    block_schemas: { block_type_id: { any_: [type.id] } },
  })
  const block = { name: "git-token", data: { value: gitToken }, block_type_id: type.id, block_schema_id: schema?.id }
  await call("POST", "/block_documents/", block)
}
