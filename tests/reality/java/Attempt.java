import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Connects with the one JDBC driver on the class path: one request a line in, one answer a line out. Its argument is
 * the driver's scheme, such as {@code sqlserver}. Options are passed as properties, which all these drivers treat like
 * those in a URL.
 */
public final class Attempt {
    private static final Gson JSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
    private static final String PASSWORD = "changeit";
    /** Options that name a key store; a user makes it of a PEM file with keytool, so does this program. */
    private static final Set<String> STORES =
            Set.of("trustStore", "trustCertificateKeyStoreUrl", "javax.net.ssl.trustStore");

    record Request(
            String host, int port, String user, String password, String database, Map<String, String> options, int seconds) {}

    record Answer(boolean connected, String encrypted, String tls, String error, String version) {}

    private Attempt() {}

    public static void main(String[] arguments) throws IOException {
        PrintStream answers = System.out;
        System.setOut(System.err);
        // Java takes the home of the account, where pgjdbc would find files that are none of the test's.
        System.setProperty("user.home", System.getenv().getOrDefault("HOME", "/nonexistent"));
        ExecutorService worker = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        });
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            if (!line.isBlank()) {
                Request request = JSON.fromJson(line, Request.class);
                byte[] answer = (answer(arguments[0], request, worker) + "\n").getBytes(StandardCharsets.UTF_8);
                answers.write(answer);
                answers.flush();
            }
        }
    }

    private static String answer(String scheme, Request request, ExecutorService worker) {
        try {
            return worker.submit(() -> inSeconds(scheme, request)).get(request.seconds, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            return JSON.toJson(new Answer(false, null, null, "no answer in time", version(scheme)));
        } catch (Exception failure) {
            return JSON.toJson(new Answer(false, null, null, words(failure.getCause()), version(scheme)));
        }
    }

    private static String inSeconds(String scheme, Request request) throws Exception {
        Properties properties = new Properties();
        Map<String, String> system = new TreeMap<>();
        for (Map.Entry<String, String> option : request.options.entrySet()) {
            String key = option.getKey();
            String value = STORES.contains(key) ? store(request, key) : option.getValue();
            if (key.startsWith("javax.net.ssl.")) {
                system.put(key, value);
            } else {
                properties.put(key, value);
            }
        }
        if (system.isEmpty()) {
            return JSON.toJson(connect(scheme, request, properties));
        }
        return inOwnProcess(scheme, request, system);
    }

    /** Answers in a Java of its own: the default SSLSocketFactory reads the system's properties only once. */
    private static String inOwnProcess(String scheme, Request request, Map<String, String> system) throws IOException {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        system.putIfAbsent("javax.net.ssl.trustStorePassword", PASSWORD);
        system.forEach((key, value) -> command.add("-D" + key + "=" + value));
        command.addAll(List.of("Attempt", scheme));
        Map<String, String> others = new LinkedHashMap<>(request.options);
        others.keySet().removeAll(system.keySet());
        Request inner = new Request(
                request.host, request.port, request.user, request.password, request.database, others, request.seconds);
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (OutputStream input = process.getOutputStream()) {
            input.write((JSON.toJson(inner) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    }

    private static Answer connect(String scheme, Request request, Properties properties) throws SQLException {
        properties.put("user", request.user);
        properties.put("password", request.password);
        // Less than the deadline, so that the driver still says why it gave up.
        DriverManager.setLoginTimeout(Math.max(1, request.seconds - 2));
        if (scheme.equals("sqlserver")) {
            // mssql-jdbc else waits ten seconds and tries a broken handshake again.
            properties.putIfAbsent("connectRetryCount", "0");
        }
        String url = "jdbc:" + scheme + "://" + request.host + ":" + request.port;
        if (!scheme.equals("sqlserver")) {
            url += "/" + (request.database == null ? "" : request.database);
        } else if (request.database != null) {
            properties.put("databaseName", request.database);
        }
        try (Connection connection = DriverManager.getConnection(url, properties);
                Statement statement = connection.createStatement()) {
            return switch (scheme) {
                case "postgresql" -> session(statement, "SELECT 'TLS', version FROM pg_stat_ssl WHERE pid = pg_backend_pid()", scheme);
                case "mysql", "mariadb" -> session(statement, "SHOW SESSION STATUS LIKE 'Ssl_version'", scheme);
                default -> {
                    statement.execute("SELECT 1");
                    yield new Answer(true, null, null, null, version(scheme));
                }
            };
        }
    }

    /** Returns what the server says of the session: the second column is its TLS version, or nothing. */
    private static Answer session(Statement statement, String query, String scheme) throws SQLException {
        try (ResultSet row = statement.executeQuery(query)) {
            String tls = row.next() ? row.getString(2) : null;
            boolean encrypted = tls != null && !tls.isEmpty();
            return new Answer(true, encrypted ? "session" : "none", encrypted ? tls : null, null, version(scheme));
        }
    }

    /** Returns the key store, made of a PEM file, that an option shall name. */
    private static String store(Request request, String key) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        Path pem = Path.of(request.options.get(key));
        try (InputStream file = Files.newInputStream(pem)) {
            for (Certificate certificate : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                store.setCertificateEntry("root-" + store.size(), certificate);
            }
        }
        Path made = Files.createTempFile("dbtls-", ".p12");
        made.toFile().deleteOnExit();
        try (OutputStream file = Files.newOutputStream(made)) {
            store.store(file, PASSWORD.toCharArray());
        }
        return key.endsWith("Url") ? made.toUri().toString() : made.toString();
    }

    /** Returns a failure and its causes in the words that Java prints them in, without the stack. */
    private static String words(Throwable failure) {
        StringBuilder text = new StringBuilder(failure.toString());
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            text.append("\nCaused by: ").append(cause);
        }
        return text.substring(0, Math.min(text.length(), 2000));
    }

    private static String version(String scheme) {
        String java = "Java " + System.getProperty("java.version");
        Driver driver = DriverManager.drivers().findFirst().orElseThrow();
        String archive = driver.getClass().getPackage().getImplementationVersion();
        String number = archive == null ? driver.getMajorVersion() + "." + driver.getMinorVersion() : archive;
        return scheme + " driver " + number + ", " + java;
    }
}
