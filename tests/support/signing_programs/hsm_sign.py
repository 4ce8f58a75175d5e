"""Signs with securesystemslib's HSMSigner, as in-toto and TUF do, and verifies."""

import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.signer import HSMSigner, Signature, SSlibKey

content = Path("content").read_bytes()
key = SSlibKey.from_crypto(load_pem_public_key(Path("public.pem").read_bytes()))
if sys.argv[1] == "sign":
    key_id = bytes.fromhex(Path("id").read_text())
    signer = HSMSigner(int.from_bytes(key_id), key, lambda _secret: "", "Countersign")
    Path("signature.json").write_text(json.dumps(signer.sign(content).to_dict()))
else:
    signature = Signature.from_dict(json.loads(Path("signature.json").read_text()))
    key.verify_signature(signature, content)
