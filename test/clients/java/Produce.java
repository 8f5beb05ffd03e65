import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes the records of standard input by Java's own client, see ../README.md. */
public class Produce {
  public static void main(String[] args) throws Exception {
    Map<String, List<ProducerRecord<String, String>>> jobs = new LinkedHashMap<>();
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] fields = line.split("\t");
      jobs.computeIfAbsent(fields[0], codec -> new ArrayList<>())
          .add(new ProducerRecord<>(fields[1], fields[2], fields[3]));
    }
    for (var job : jobs.entrySet()) {
      var settings = new Properties();
      settings.put("bootstrap.servers", args[0]);
      // Records of a topic share a batch.
      settings.put("linger.ms", "50");
      if (!job.getKey().equals("default")) settings.put("compression.type", job.getKey());
      try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
        List<Future<?>> sent = new ArrayList<>();
        for (var record : job.getValue()) sent.add(producer.send(record));
        for (var one : sent) one.get();
      }
    }
  }
}
