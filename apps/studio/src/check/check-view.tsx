/** @file Checking a data set. */
export default function CheckView() {
  return (
    <div className="pad narrow">
      <h1>Check a data set</h1>
    </div>
  );
}
