import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.X509EncodedKeySpec;

/** Ends with 0 if a signature is accepted: Verify SIGNATURE_ALGORITHM KEY_ALGORITHM KEY SIGNATURE CONTENT. */
public class Verify {
    public static void main(String[] arguments) throws Exception {
        byte[] key = read(arguments[2]);
        PublicKey publicKey = KeyFactory.getInstance(arguments[1]).generatePublic(new X509EncodedKeySpec(key));
        Signature signature = Signature.getInstance(arguments[0]);
        if (arguments[0].equals("RSASSA-PSS")) {
            signature.setParameter(new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
        }
        signature.initVerify(publicKey);
        signature.update(read(arguments[4]));
        System.exit(signature.verify(read(arguments[3])) ? 0 : 1);
    }

    private static byte[] read(String file) throws Exception {
        return Files.readAllBytes(Path.of(file));
    }
}
