/**
 * @file The attributes that an object takes over from its source, module by module (PS3.3 A.1.3: objects of one patient
 * and one study agree on them).
 */

/** C.7.1.1 Patient. */
const PATIENT = `PatientName PatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence TypeOfPatientID PatientBirthDate
PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar PatientAlternativeCalendar PatientBirthTime PatientSex
QualityControlSubject ReferencedPatientSequence OtherPatientIDsSequence OtherPatientNames EthnicGroup PatientComments
PatientSpeciesDescription PatientSpeciesCodeSequence PatientBreedDescription PatientBreedCodeSequence BreedRegistrationSequence
StrainDescription StrainNomenclature StrainCodeSequence ResponsiblePerson ResponsiblePersonRole ResponsibleOrganization
PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence`;

/** C.7.2.1 General Study. */
const STUDY = `StudyInstanceUID StudyDate StudyTime AccessionNumber IssuerOfAccessionNumberSequence ReferringPhysicianName
ReferringPhysicianIdentificationSequence ConsultingPhysicianName ConsultingPhysicianIdentificationSequence StudyID StudyDescription
PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy
PhysiciansReadingStudyIdentificationSequence RequestingService RequestingServiceCodeSequence ReferencedStudySequence
ProcedureCodeSequence ReasonForPerformedProcedureCodeSequence`;

/** C.7.2.2 Patient Study. */
const PATIENT_STUDY = `AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence PatientAge PatientSize PatientWeight
PatientBodyMassIndex PatientSizeCodeSequence MedicalAlerts Allergies SmokingStatus PregnancyStatus LastMenstrualDate PatientState
Occupation AdditionalPatientHistory AdmissionID IssuerOfAdmissionIDSequence ServiceEpisodeID IssuerOfServiceEpisodeIDSequence
ServiceEpisodeDescription PatientSexNeutered ReasonForVisit ReasonForVisitCodeSequence`;

/** C.7.1.3 Clinical Trial Subject and C.7.2.3 Clinical Trial Study. */
const TRIAL = `ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialProtocolName ClinicalTrialSiteID ClinicalTrialSiteName
ClinicalTrialSubjectID ClinicalTrialSubjectReadingID ClinicalTrialProtocolEthicsCommitteeName
ClinicalTrialProtocolEthicsCommitteeApprovalNumber ClinicalTrialTimePointID ClinicalTrialTimePointDescription`;

const list = (text: string) => text.split(/\s+/);

/** Keywords taken over, of all modules. */
export const CARRIED: readonly string[] = [PATIENT, STUDY, PATIENT_STUDY, TRIAL].flatMap(list);
export const TRIAL_KEYWORDS: readonly string[] = list(TRIAL);

/** Attributes of type 2 in these modules: written empty where the source has none. */
export const EMPTY_IF_UNKNOWN: readonly string[] = list(
  "PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime AccessionNumber ReferringPhysicianName StudyID",
);
