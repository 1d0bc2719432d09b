/** Orders with what their product costs now: a price that changes updates all orders of the product. */
import { bounded, pipeline, source } from "../../runtime/mod.ts";
import { OrderSchema, ProductSchema } from "./gen/catalog_pb.ts";

export default pipeline("priced", {
  orders: source(OrderSchema, { eventTime: (o) => o.at, watermark: bounded("10s") }),
  products: source(ProductSchema, { eventTime: (p) => p.at, watermark: bounded("10s") }),
}, ({ orders, products }) =>
  orders.key((o) => o.orderId)
    .joinTable(products.key((p) => p.productId), (o) => o.productId, (o, p) => ({
      orderId: o.orderId,
      productId: o.productId,
      title: p.title,
      total: o.quantity.mul(p.price),
    }))
    .view("orders", (row) => row.orderId), { unbounded: true });
