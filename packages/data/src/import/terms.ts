/**
 * @file The only words that an import takes over from a header: defined terms of the standard, compared with these lists
 * letter by letter. Whatever else stands in such an attribute may have been typed by a person, and is not kept.
 */

/** Modality (0008,0060), C.7.3.1.1.1, those with pictures. */
const MODALITIES = words(`AR AS BDUS BI BMD CD CF CP CR CS CT DD DF DG DM DMS DS DX EC ES FA FS FID GM HC IO IVOCT IVUS
  LEN LP LS MA MG MR MS NM OAM OCT OP OPM OPR OPT OPTBSV OPTENF OPV OT PT PX RF RG RTIMAGE SC SM ST TG US VF
  XA XC`);

/** Body Part Examined (0018,0015), PS3.16 annex L, and the spellings that scanners give with an underscore. */
const BODY_PARTS =
  words(`ABDOMEN ABDOMENPELVIS ADRENAL ANKLE AORTA ARM ARTERY AXILLA BACK BLADDER BODY BONE BRAIN BREAST
  BRONCHUS BUTTOCK CALCANEUS CALF CAROTID CEREBELLUM CERVIX CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS CHOROIDPLEXUS
  CLAVICLE COCCYX COLON CORNEA CSPINE CTSPINE DUODENUM EAR ELBOW ESOPHAGUS EXTREMITY EYE EYELID FACE FEMUR FINGER FOOT
  GALLBLADDER HAND HEAD HEADNECK HEART HIP HUMERUS ILEUM ILIUM IAC JAW JAWBONE KIDNEY KNEE LARYNX LEG LIVER LSPINE
  LSSPINE LUNG MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE ORBIT OVARY PANCREAS
  PAROTID PATELLA PELVIS PENIS PHARYNX PROSTATE RECTUM RETINA RIB SCALP SCAPULA SCLERA SCROTUM SHOULDER SINUS SKULL
  SPINE SPLEEN SSPINE STERNUM STOMACH SUBMANDIBULAR TESTIS THIGH THUMB THYMUS THYROID TIBIAFIBULA TLSPINE TMJ TOE TONGUE
  TRACHEA TSPINE UTERUS VAGINA VULVA WHOLEBODY WRIST`);

/** View Position (0018,5101), C.8.7.1.1 and C.8.11.5 (mammography). */
const VIEWS = words("AP PA LL RL RLD LLD RLO LLO RAO LAO RPO LPO LAT LATERAL CC MLO ML LM LMO FB SIO XCC XCCL XCCM AT");

/** Laterality (0020,0060) and Image Laterality (0020,0062). */
const SIDES = words("R L U B");

/** Units of values, C.11.1.1.2 (Rescale Type), C.8.9.1.1.3 (PET). */
const UNITS = words(
  "HU OD US MGML Z_EFF ED EDW HU_MOD PCT CNTS NONE CM2 CM2ML PCNT CPS BQML MGMINML UMOLMINML MLMING MLG 1CM UMOLML PROPCNTS PROPCPS MLMINML MLML GML STDDEV",
);

/** Modalities whose pixels are no picture of a patient: outlines, doses, codes. */
const NO_PICTURES = words("SEG RTDOSE RTPLAN RTSTRUCT PR KO SR REG M3D STL PLAN");

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}

/** The value where it is one of the terms, "" otherwise. */
const term = (known: ReadonlySet<string>, value: string | null, alike = (text: string) => text) => {
  const text = alike((value ?? "").trim().toUpperCase());
  return known.has(text) ? text : "";
};

export const modalityTerm = (value: string | null) => term(MODALITIES, value);
export const bodyPartTerm = (value: string | null) => term(BODY_PARTS, value, (text) => text.replace(/[\s_-]/g, ""));
export const viewTerm = (value: string | null) => term(VIEWS, value);
export const unitTerm = (value: string | null) => term(UNITS, value);
export const sideTerm = (value: string | null) => term(SIDES, value);

/** True for objects whose pixels are outlines, doses and the like. */
export const isNoPicture = (modality: string | null) => NO_PICTURES.has((modality ?? "").trim().toUpperCase());

/** Pictures of one direction each, or photographs: every object is a scan of its own, never a slice of a stack. */
const SINGLE = words(
  "BDUS CF CP CR DG DM DX EC ES FA FS GM IO IVOCT IVUS LP MG OP OT PX RF RG RTIMAGE SC SM TG US XA XC",
);

/** True for radiographs, photographs and ultrasound, false for what comes in slices (CT, MR, PT, NM, OPT and unknown). */
export const isSingle = (modality: string) => SINGLE.has(modality);
