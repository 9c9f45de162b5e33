/** @file What Vite makes of imports that are no modules. */
declare module "*?worker" {
  const worker: new (options?: WorkerOptions) => Worker;
  export default worker;
}
declare module "*.css";
