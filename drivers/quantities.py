"""The vocabulary: every quantity a driver may report, once.

MDC codes are of IEEE 11073-10101 (partition * 65536 + term), units are UCUM, LOINC and SNOMED CT as the HL7 Personal
Health Device guide, the Norwegian DHO code list and the MII lung function module give them; a code nobody was found to
publish stays empty. A unit as a device sends it is kept: kPa beside mmHg is a second quantity of the same type. `low`
and `high` are technical limits (what a sound instrument can show), a proposal for clinical review, never alarm limits.
"""

from decimal import Decimal

from drivers.api import Quantity

KINDS = (
    "pulse-oximeter",
    "blood-pressure",
    "weight",
    "spirometry",
    "temperature",
    "heart-rate",
    "glucose",
    "body-composition",
)


def _quantity(
    type_: str,
    unit: str,
    low: str | None,
    high: str | None,
    mdc: int | None = None,
    loinc: str | None = None,
    snomed: str | None = None,
) -> Quantity:
    return Quantity(
        type=type_,
        unit=unit,
        mdc=mdc,
        loinc=loinc,
        snomed=snomed,
        low=None if low is None else Decimal(low),
        high=None if high is None else Decimal(high),
    )


# Oximetry. The fast and slow values of a continuous oximeter are types of their own: they must never pass for the
# value that is shown.
SPO2 = _quantity("spo2", "%", "50", "100", 150456, "2708-6", "431314004")
PULSE_OXIMETER = _quantity("pulse-rate", "/min", "20", "300", 149530, "8867-4", "364075005")
SPO2_FAST = _quantity("spo2-fast", "%", "50", "100")
SPO2_SLOW = _quantity("spo2-slow", "%", "50", "100")
PULSE_FAST = _quantity("pulse-rate-fast", "/min", "20", "300")
PULSE_SLOW = _quantity("pulse-rate-slow", "/min", "20", "300")
PULSE_AMPLITUDE_INDEX = _quantity("pulse-amplitude-index", "%", "0", "100")

# Blood pressure.
SYSTOLIC = _quantity("systolic", "mm[Hg]", "30", "300", 150021, "8480-6", "271649006")
DIASTOLIC = _quantity("diastolic", "mm[Hg]", "10", "300", 150022, "8462-4", "271650006")
MEAN = _quantity("mean", "mm[Hg]", "10", "300", 150023)
SYSTOLIC_KPA = _quantity("systolic", "kPa", "4", "40", 150021, "8480-6", "271649006")
DIASTOLIC_KPA = _quantity("diastolic", "kPa", "1.3", "40", 150022, "8462-4", "271650006")
MEAN_KPA = _quantity("mean", "kPa", "1.3", "40", 150023)
CUFF_PRESSURE = _quantity("cuff-pressure", "mm[Hg]", "0", "300")
CUFF_PRESSURE_KPA = _quantity("cuff-pressure", "kPa", "0", "40")
PULSE_CUFF = _quantity("pulse-rate", "/min", "20", "300", 149546, "8867-4", "364075005")

# Weight and body composition.
WEIGHT = _quantity("weight", "kg", "2", "350", 188736, "29463-7", "27113001")
WEIGHT_G = _quantity("weight", "g", "2000", "350000", 188736, "29463-7", "27113001")
WEIGHT_LB = _quantity("weight", "[lb_av]", "4.4", "772", 188736, "29463-7", "27113001")
BMI = _quantity("bmi", "kg/m2", "5", "100", 188752, "39156-5")
HEIGHT = _quantity("height", "m", "0.3", "2.6", 188740)
HEIGHT_IN = _quantity("height", "[in_i]", "12", "102", 188740)
BODY_FAT = _quantity("body-fat", "%", "1", "75", 188748)
BASAL_METABOLISM = _quantity("basal-metabolism", "kJ", "500", "50000", 188768)
MUSCLE_PERCENTAGE = _quantity("muscle-percentage", "%", "1", "99", 188772)
MUSCLE_MASS = _quantity("muscle-mass", "kg", "0.5", "350", 188776)
MUSCLE_MASS_LB = _quantity("muscle-mass", "[lb_av]", "1.1", "772", 188776)
FAT_FREE_MASS = _quantity("fat-free-mass", "kg", "0.5", "350", 188756)
FAT_FREE_MASS_LB = _quantity("fat-free-mass", "[lb_av]", "1.1", "772", 188756)
SOFT_LEAN_MASS = _quantity("soft-lean-mass", "kg", "0.5", "350", 188760)
SOFT_LEAN_MASS_LB = _quantity("soft-lean-mass", "[lb_av]", "1.1", "772", 188760)
BODY_WATER_MASS = _quantity("body-water-mass", "kg", "0.5", "350", 188764)
BODY_WATER_MASS_LB = _quantity("body-water-mass", "[lb_av]", "1.1", "772", 188764)
IMPEDANCE = _quantity("impedance", "Ohm", "50", "3000", 188780)

# Temperature.
TEMPERATURE = _quantity("temperature", "Cel", "20", "45", 150364, "8310-5", "276885007")
TEMPERATURE_F = _quantity("temperature", "[degF]", "68", "113", 150364, "8310-5", "276885007")

# Heart rate of a belt or watch: measured electrically or optically, the profile does not say which.
HEART_RATE = _quantity("heart-rate", "/min", "20", "300", None, "8867-4", "364075005")
ENERGY_EXPENDED = _quantity("energy-expended", "kJ", "0", "65535")

# Glucose: the code depends on the sample, the unit on the meter. LOINC 15074-8 is the molar concentration.
GLUCOSE = _quantity("glucose", "mmol/L", "0.5", "60", None, "15074-8", "434912009")
GLUCOSE_CAPILLARY_BLOOD = _quantity("glucose", "mmol/L", "0.5", "60", 160184, "15074-8", "434912009")
GLUCOSE_CAPILLARY_PLASMA = _quantity("glucose", "mmol/L", "0.5", "60", 160188, "15074-8", "434912009")
GLUCOSE_MGDL = _quantity("glucose", "mg/dL", "9", "1080", None, None, "434912009")
GLUCOSE_CAPILLARY_BLOOD_MGDL = _quantity("glucose", "mg/dL", "9", "1080", 160184, None, "434912009")
GLUCOSE_CAPILLARY_PLASMA_MGDL = _quantity("glucose", "mg/dL", "9", "1080", 160188, None, "434912009")
CARBOHYDRATE = _quantity("carbohydrate", "kg", "0", "1")
EXERCISE_DURATION = _quantity("exercise-duration", "s", "0", "65534")
EXERCISE_INTENSITY = _quantity("exercise-intensity", "%", "0", "100")
MEDICATION_MASS = _quantity("medication", "kg", "0", "1")
MEDICATION_VOLUME = _quantity("medication", "L", "0", "1")
HBA1C = _quantity("hba1c", "%", "2", "25")

# Spirometry. Two units of peak flow differ by 60: both are here so that no driver converts.
PEF = _quantity("pef", "L/min", "20", "1000", 152584, "33452-4", "18491006")
PEF_PER_SECOND = _quantity("pef", "L/s", "0.3", "17", 152584, "33452-4", "18491006")
PEF_PERSONAL_BEST = _quantity("pef-personal-best", "L/min", "20", "1000", 152585, "83368-1")
FEV1 = _quantity("fev1", "L", "0.1", "10", 152586, "20150-9", "59328004")
FEV05 = _quantity("fev05", "L", "0.1", "10")
FEV3 = _quantity("fev3", "L", "0.1", "10")
FEV6 = _quantity("fev6", "L", "0.1", "10", 152587)
FVC = _quantity("fvc", "L", "0.1", "10", 188928, "19868-9", "50834005")
FEV1_FVC = _quantity("fev1-fvc", "%", "5", "100", 188948, "19926-5", "251944000")
FEV1_FEV6 = _quantity("fev1-fev6", "%", "5", "100", 188936)
SLOW_VC = _quantity("slow-vc", "L", "0.1", "10", 188932, "19866-3", "83411002")
FEF25_75 = _quantity("fef25-75", "L/s", "0", "17", 188960)
FEF25 = _quantity("fef25", "L/s", "0", "17", 188964)
FEF50 = _quantity("fef50", "L/s", "0", "17", 188968, "65822-9", "251920002")
FEF75 = _quantity("fef75", "L/s", "0", "17", 188972)
PEF_TIME = _quantity("pef-time", "ms", "0", "2000")
EXTRAPOLATED_VOLUME = _quantity("extrapolated-volume", "mL", "0", "2000")
