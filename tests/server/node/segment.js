// Sends three calls as a program of a brand would: only the address and the key are ours.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey, maxEventsInBatch: 2 });
analytics.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
analytics.identify({ userId: "user-1", traits: { email: "ann@example.com" } });
for (const product_id of ["p1", "p2"]) {
  analytics.track({ userId: "user-1", event: "Product Viewed", properties: { product_id } });
}
await analytics.closeAndFlush({ timeout: 10000 });
