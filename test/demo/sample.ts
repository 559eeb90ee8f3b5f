/** The small monorepo that the demo serves: three teams' flows, one prefect.yaml at the root and one below. */
export const sample: Readonly<Record<string, string>> = {
  "prefect.yaml": `name: analytics
prefect-version: 3.8.8

definitions:
  pool: &pool
    name: demo
    job_variables: { env: { STAGE: demo } }

deployments:
  - name: nightly
    entrypoint: flows/orders.py:load_orders
    tags: [orders]
    parameters: { region: eu, limit: 500 }
    schedules:
      - { cron: "0 3 * * *", timezone: Europe/Berlin, slug: nightly }
    work_pool: *pool

  - name: hourly
    entrypoint: flows/orders.py:load_orders
    tags: [orders]
    parameters: { region: us }
    schedules:
      - { interval: 3600, slug: hourly }
    work_pool: *pool

  - name: weekly
    entrypoint: flows/report.py:report
    description: The Monday report
    schedules:
      - { cron: "0 6 * * 1", slug: monday }
    work_pool: *pool
`,
  "flows/orders.py": `from prefect import flow


@flow(name="load-orders", log_prints=True)
def load_orders(region: str, limit: int = 100, dry_run: bool = False):
    """Loads the orders of one region.

    Args:
        region: Two letters.
        limit: How many at most.
    """
    print(region, limit, dry_run)
`,
  "flows/report.py": `from typing import Literal
from prefect import flow


@flow
def report(kind: Literal["short", "full"] = "short"):
    print(kind)
`,
  "ml/prefect.yaml": `deployments:
  - name: daily
    entrypoint: train.py:train_model
    schedule: { cron: "30 4 * * *" }
    work_pool: { name: demo }
`,
  "ml/train.py": `from prefect import flow


@flow
def train_model(epochs: int = 3):
    print(epochs)
`,
}

/** A commit that changes one thing. */
export const moreOrders = sample["prefect.yaml"]?.replace("limit: 500", "limit: 900") ?? ""

/** A commit with one entry that can't work; the others must go on. */
export const withBadEntry = `${moreOrders}
  - name: broken
    entrypoint: flows/report.py:no_such_flow
    work_pool: *pool
`

/** A commit that no longer has one of them. */
export const withoutWeekly = moreOrders.slice(0, moreOrders.indexOf("  - name: weekly"))

/** Ten deployments of one flow. */
export const many = `deployments:
${Array.from(
  { length: 10 },
  (_, n) => `  - name: copy-${n}
    entrypoint: flows/report.py:report
    work_pool: { name: demo }
`,
).join("")}`
