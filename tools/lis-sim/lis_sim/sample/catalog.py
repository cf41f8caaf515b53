"""What the labs test. LOINC codes: a few, (c) Regenstrief Institute, used under the LOINC
license (https://loinc.org/license); procedure codes are placeholders."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """One measured value; no bounds: it is told in words."""

    name: str
    loinc: str
    unit: str | None
    ucum: str | None
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Test:
    """An orderable test or panel."""

    code: str
    name: str
    loinc: str
    cpt: str | None
    department: str
    specimen: str
    snomed: str
    price: int
    parameters: tuple[Parameter, ...]


HGB = Parameter("Haemoglobin", "718-7", "g/dL", "g/dL", 12.0, 16.5)
HCT = Parameter("Haematocrit", "4544-3", "%", "%", 36.0, 49.0)
WBC = Parameter("White cell count", "6690-2", "10^3/uL", "10*3/uL", 4.0, 11.0)
PLT = Parameter("Platelet count", "777-3", "10^3/uL", "10*3/uL", 150.0, 410.0)
GLUCOSE = Parameter("Glucose", "2345-7", "mg/dL", "mg/dL", 70.0, 100.0)
HBA1C = Parameter("HbA1c", "4548-4", "%", "%", 4.0, 5.6)
CREATININE = Parameter("Creatinine", "2160-0", "mg/dL", "mg/dL", 0.6, 1.3)
SODIUM = Parameter("Sodium", "2951-2", "mmol/L", "mmol/L", 136.0, 145.0)
POTASSIUM = Parameter("Potassium", "2823-3", "mmol/L", "mmol/L", 3.5, 5.1)
CHOLESTEROL = Parameter("Total cholesterol", "2093-3", "mg/dL", "mg/dL", 0.0, 200.0)
HDL = Parameter("HDL cholesterol", "2085-9", "mg/dL", "mg/dL", 40.0, 60.0)
LDL = Parameter("LDL cholesterol", "13457-7", "mg/dL", "mg/dL", 0.0, 100.0)
TRIGLYCERIDES = Parameter("Triglycerides", "2571-8", "mg/dL", "mg/dL", 0.0, 150.0)
ALT = Parameter("ALT", "1742-6", "U/L", "U/L", 0.0, 45.0)
AST = Parameter("AST", "1920-8", "U/L", "U/L", 0.0, 40.0)
BILIRUBIN = Parameter("Total bilirubin", "1975-2", "mg/dL", "mg/dL", 0.3, 1.2)
TSH = Parameter("TSH", "3016-3", "uIU/mL", "m[IU]/L", 0.4, 4.2)
FREE_T4 = Parameter("Free T4", "3024-7", "ng/dL", "ng/dL", 0.8, 1.8)
ABO = Parameter("ABO group", "883-9", None, None, words=("A", "B", "AB", "O"))
RH = Parameter("Rh type", "10331-7", None, None, words=("Positive", "Negative"))
SARS_COV_2 = Parameter("SARS-CoV-2 RNA", "94500-6", None, None,
                       words=("Not detected", "Detected"))

BLOOD, SERUM = ("EDTA blood", "119297000"), ("Serum", "119364003")
HAEMATOLOGY, CHEMISTRY, IMMUNOLOGY = "Haematology", "Biochemistry", "Immunology"

TESTS = (
    Test("CBC", "Complete Blood Count", "58410-2", "85025", HAEMATOLOGY, *BLOOD, 350,
         (HGB, HCT, WBC, PLT)),
    Test("LIPID", "Lipid Profile", "24331-1", "80061", CHEMISTRY, *SERUM, 800,
         (CHOLESTEROL, HDL, LDL, TRIGLYCERIDES)),
    Test("CMP", "Comprehensive Metabolic Panel", "24323-8", None, CHEMISTRY, *SERUM, 1200,
         (GLUCOSE, CREATININE, SODIUM, POTASSIUM, ALT, AST, BILIRUBIN)),
    Test("GLU", "Glucose, fasting", "2345-7", None, CHEMISTRY, "Plasma", "119361006", 120,
         (GLUCOSE,)),
    Test("HBA1C", "Glycated Haemoglobin", "4548-4", None, CHEMISTRY, *BLOOD, 550, (HBA1C,)),
    Test("CREA", "Creatinine", "2160-0", None, CHEMISTRY, *SERUM, 180, (CREATININE,)),
    Test("LYTES", "Electrolytes", "24326-1", None, CHEMISTRY, *SERUM, 400,
         (SODIUM, POTASSIUM)),
    Test("LFT", "Liver Function Test", "24325-3", None, CHEMISTRY, *SERUM, 700,
         (ALT, AST, BILIRUBIN)),
    Test("TSH", "Thyroid Stimulating Hormone", "3016-3", None, IMMUNOLOGY, *SERUM, 300, (TSH,)),
    Test("TFT", "Thyroid Profile", "24348-5", None, IMMUNOLOGY, *SERUM, 650, (TSH, FREE_T4)),
    Test("ABORH", "Blood Group", "34530-6", None, HAEMATOLOGY, *BLOOD, 150, (ABO, RH)),
    Test("COVID", "SARS-CoV-2 RNA by NAA", "94500-6", None, "Molecular biology",
         "Nasopharyngeal swab", "258500001", 900, (SARS_COV_2,)),
)
