/** @file The first visit: one click to scores and maps of phantoms, without a file. */
import { Button } from "react-aria-components";
import { give, tryIt, useSession } from "../session.ts";
import { OpenFiles } from "../shell/open-files.tsx";
import { go } from "../shell/route.ts";

export function TryView() {
  const { phase, activity } = useSession();
  const busy = phase === "loading" || phase === "finding";
  const open = (files: Parameters<typeof give>[0]) => {
    go("score");
    void give(files);
  };
  return (
    <div className="try">
      <h1>See what is unlike the normal</h1>
      <p className="lead">
        A detector has learnt from normal images alone. It scores how far a new one is from them, shows where, and says
        how often a normal one scores as high.
      </p>
      <div className="actions">
        <Button
          className="primary large"
          isDisabled={busy}
          onPress={async () => {
            if (await tryIt()) go("score");
          }}
        >
          Try it on phantoms
        </Button>
        <OpenFiles label="Open my own files" onFiles={open} />
        <OpenFiles label="Open a folder" folder onFiles={open} />
      </div>
      <p className="soft" role="status">
        {busy
          ? `${activity} …`
          : "One click, no files: heads are drawn in this page, and a small detector that comes with it scores them."}
      </p>
      <ul className="facts">
        <li>
          <h2>Nothing leaves this page</h2>
          <p>No account, no upload, no request to anywhere. It works without a network.</p>
        </li>
        <li>
          <h2>Any image of the field</h2>
          <p>PNG, JPEG, TIFF, DICOM series, NIfTI, NRRD, MetaImage; as files, folders or zips.</p>
        </li>
        <li>
          <h2>Numbers that mean something</h2>
          <p>A score beside those of held-out normals, with an exact interval for the rate of false alarms.</p>
        </li>
      </ul>
    </div>
  );
}
