/** @file Training in the page: what this folder holds is shown here. */
export default function TrainView() {
  return (
    <div className="pad narrow">
      <h1>Train</h1>
      <p>
        Training runs from the command line today: <code>hale train FOLDER --out RUN</code>. What it writes, a{" "}
        <code>.hale</code> file, opens in Score.
      </p>
    </div>
  );
}
