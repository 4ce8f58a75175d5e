import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Signs in several threads at a time with the keypair `release`, and verifies each signature. */
public final class ThreadedSigning {
    public static void main(String[] words) throws Exception {
        int threads = Integer.parseInt(words[0]);
        int signatures = Integer.parseInt(words[1]);
        KeyStore store = KeyStore.getInstance("PKCS11");
        store.load(null, new char[0]);
        PrivateKey privateKey = (PrivateKey) store.getKey("release", null);
        PublicKey publicKey = store.getCertificate("release").getPublicKey();

        ExecutorService executor = Executors.newFixedThreadPool(threads);
        List<Future<Void>> results = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            byte[] content = ("content of thread " + thread).getBytes("UTF-8");
            results.add(executor.submit((Callable<Void>) () -> {
                for (int number = 0; number < signatures; number++) {
                    signAndVerify(privateKey, publicKey, content);
                }
                return null;
            }));
        }
        executor.shutdown();
        for (Future<Void> result : results) {
            result.get();
        }
    }

    private static void signAndVerify(PrivateKey privateKey, PublicKey publicKey, byte[] content)
            throws Exception {
        Signature signer = Signature.getInstance("SHA256withECDSA", "SunPKCS11-Countersign");
        signer.initSign(privateKey);
        signer.update(content);
        byte[] signature = signer.sign();

        Signature verifier = Signature.getInstance("SHA256withECDSA", "SunEC");
        verifier.initVerify(publicKey);
        verifier.update(content);
        if (!verifier.verify(signature)) {
            throw new IllegalStateException("a signature is not valid");
        }
    }
}
