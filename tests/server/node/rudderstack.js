// Sends two calls as a program of a brand would: only the address and the key are ours.
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const [dataPlaneUrl, writeKey] = process.argv.slice(2);
const Client = RudderAnalytics.default ?? RudderAnalytics;
const client = new Client(writeKey, { dataPlaneUrl, flushAt: 2, flushInterval: 200 });
const sent = (error) => {
  if (error) {
    console.error(error);
    process.exitCode = 1;
  }
};
client.track({ userId: "user-1", event: "Product Viewed", properties: { product_id: "p1" } }, sent);
client.track({ userId: "user-1", event: "Order Completed", properties: { order_id: "o1", total: 9.5, currency: "EUR" } }, sent);
await new Promise((done) => client.flush(done));
setTimeout(() => process.exit(process.exitCode ?? 0), 500);
