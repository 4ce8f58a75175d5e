"""The enumerations of algorithms and forms of signatures, with a description for each value."""

from api.graphql.types.enum_descriptions import describe_enum
from engine.formats import ecdsa
from engine.model import algorithms, vocabulary

KeypairAlgorithm = algorithms.KeypairAlgorithm
describe_enum(
    KeypairAlgorithm,
    "KeypairAlgorithm",
    "The key type and the signature scheme of a keypair.",
    {
        "ECDSA_P256": "ECDSA on the curve NIST P-256, with signatures in DER.",
        "ECDSA_P384": "ECDSA on the curve NIST P-384, with signatures in DER.",
        "ECDSA_P521": "ECDSA on the curve NIST P-521, with signatures in DER.",
        "ED25519": "Ed25519, with the digest's bytes as the message.",
        "ML_DSA_44": "ML-DSA-44 of FIPS 204, with the digest's bytes as the message.",
        "ML_DSA_65": "ML-DSA-65 of FIPS 204, with the digest's bytes as the message.",
        "ML_DSA_87": "ML-DSA-87 of FIPS 204, with the digest's bytes as the message.",
        "RSA_PSS_2048": "RSA-PSS with 2048 bits and a salt as long as the digest.",
        "RSA_PSS_3072": "RSA-PSS with 3072 bits and a salt as long as the digest.",
        "RSA_PSS_4096": "RSA-PSS with 4096 bits and a salt as long as the digest.",
        "RSA_PKCS1_2048": "RSA with PKCS#1 v1.5 padding and 2048 bits.",
        "RSA_PKCS1_3072": "RSA with PKCS#1 v1.5 padding and 3072 bits.",
        "RSA_PKCS1_4096": "RSA with PKCS#1 v1.5 padding and 4096 bits.",
        "OPENPGP_ED25519": "An earlier name of ED25519 with the category GPG.",
        "OPENPGP_RSA_4096": "An earlier name of RSA_PKCS1_4096 with the category GPG.",
    },
)

SignatureForm = vocabulary.SignatureForm
describe_enum(
    SignatureForm,
    "SignatureForm",
    "What was given to be signed, on which the value of the signature depends.",
    {
        "DIGEST": "A digest was given; the value is the raw signature.",
        "CONTENT": "Content was given to a keypair of the category GPG; the value is a detached"
        " OpenPGP signature in ASCII armor.",
        "MESSAGE": "A message was given and signed as it is; the value is the raw signature.",
        "SSHSIG": "A digest and a namespace were given; the value is an armored signature of"
        " OpenSSH.",
    },
)

SignatureFormat = ecdsa.SignatureFormat
describe_enum(
    SignatureFormat,
    "SignatureFormat",
    "The form of the two numbers of an ECDSA signature.",
    {
        "DER": "A sequence of two integers in DER, as OpenSSL and X.509 have it.",
        "RAW": "The two numbers one after the other, each as long as the curve, as JSON Web"
        " Signatures and WebCrypto have it.",
    },
)

DigestAlgorithm = algorithms.DigestAlgorithm
describe_enum(
    DigestAlgorithm,
    "DigestAlgorithm",
    "The hash function that computed a digest.",
    {
        "SHA256": "SHA-256, whose digests have 32 bytes.",
        "SHA384": "SHA-384, whose digests have 48 bytes.",
        "SHA512": "SHA-512, whose digests have 64 bytes.",
    },
)
