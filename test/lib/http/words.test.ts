import t from "tap"
import type { Headers } from "../../../src/lib/http/hints.ts"
import { oneLine, refusalWords } from "../../../src/lib/http/words.ts"

/** Why a host refuses, in its own words: the answers of real hosts. */

const secret = "s3cret-token"
const mask = (text: string): string => text.replaceAll(secret, "[secret]")
const wordsOf = (headers: Headers, body = "", isWhole = true): string | null =>
  refusalWords({ headers, body: Buffer.from(body, "utf8"), isWhole }, mask)

const plain = { "content-type": "text/plain; charset=utf-8" }
const page = { "content-type": "text/html" }
const json = { "content-type": "application/json" }

const hosts: readonly (readonly [host: string, headers: Headers, body: string, words: string | null])[] = [
  [
    "GitHub with single sign-on",
    plain,
    "The `acme' organization has enabled or enforced SAML SSO.\nTo access this repository, visit https://github.com/orgs/acme/sso\n",
    "The `acme' organization has enabled or enforced SAML SSO. To access this repository, visit https://github.com/orgs/acme/sso",
  ],
  [
    "GitHub's API with single sign-on",
    { ...json, "x-github-sso": "required; url=https://github.com/orgs/a/sso" },
    "{}",
    "required; url=https://github.com/orgs/a/sso",
  ],
  [
    "GitHub's secondary limit",
    json,
    '{"message":"You have exceeded a secondary rate limit.","documentation_url":"https://docs.github.com"}',
    "You have exceeded a secondary rate limit.",
  ],
  [
    "Bitbucket after wrong passwords",
    { ...page, "x-authentication-denied-reason": "CAPTCHA_CHALLENGE; login-url=https://bitbucket.example.com/login" },
    "",
    "CAPTCHA_CHALLENGE; login-url=https://bitbucket.example.com/login",
  ],
  [
    "Bitbucket Data Center",
    json,
    '{"errors":[{"context":null,"message":"You are not permitted to access this resource"}]}',
    "You are not permitted to access this resource",
  ],
  [
    "Azure DevOps",
    { "x-tfs-serviceerror": "TF401041%3A+The+user+does+not+have+permissions" },
    "",
    "TF401041: The user does not have permissions",
  ],
  ["Azure DevOps with a bad escape", { "x-tfs-serviceerror": "100%" }, "", "100%"],
  [
    "GitLab",
    plain,
    "HTTP Basic: Access denied. If a password was provided …",
    "HTTP Basic: Access denied. If a password was provided …",
  ],
  [
    "a registry",
    json,
    '{"errors":[{"code":"DENIED","message":"requested access is denied"}]}',
    "requested access is denied",
  ],
  ["OAuth", json, '{"error":"invalid_token","error_description":"it has expired"}', "it has expired; invalid_token"],
  [
    "a page with a title",
    page,
    "<html><head><title>Sign&nbsp;in &amp; go</title></head><body>much</body>",
    "Sign in & go",
  ],
  ["a page without one", page, "<style>x{}</style><p>Access <b>denied</b></p><script>evil(", "Access denied"],
  ["nothing", {}, "", null],
  ["broken JSON", json, '{"message":', null],
  ["bytes", { "content-type": "application/octet-stream" }, "\u0000\u0001", null],
]

t.test("a host's reason is found where that host puts it", async (t) => {
  for (const [host, headers, body, words] of hosts) t.equal(wordsOf(headers, body), words, host)
})

t.test("a secret that a host repeats is masked, and where the body was cut nothing is said", async (t) => {
  t.equal(wordsOf(json, JSON.stringify({ message: `bad token ${secret}` })), "bad token [secret]")
  t.equal(wordsOf(page, `<title>${secret}</title>`), "[secret]")
  t.equal(wordsOf({ "x-tfs-serviceerror": secret }), "[secret]")
  t.equal(wordsOf(plain, `${secret} and half of it again: s3cre`, false), null)
  t.equal(wordsOf(plain, "a long story", false), "a long story")
})

t.test("words are one line without control characters", async (t) => {
  t.equal(oneLine(" a\r\nb\u001b[31m\u2028c\u202ed\t "), "a b [31m c d")
  t.equal(wordsOf(plain, "::error::x\n::set-output name=y::z"), "::error::x ::set-output name=y::z")
})

t.test("hostile pages and objects take no time", async (t) => {
  const before = process.cpuUsage().user
  for (const piece of ["<title", "<script", "<", "&#", "<script></"]) wordsOf(page, piece.repeat(20_000))
  wordsOf(json, `${'{"errors":['.repeat(3_000)}"x"${"]}".repeat(3_000)}`)
  t.ok(process.cpuUsage().user - before < 5_000_000, "CPU of the process, with a wide margin")
})
