// The decision that the benchmarks compare, as rules in Drools' executable model, which is what Drools makes of a rule
// file. A case comes as JSON, and its decision goes as JSON.
import static org.drools.model.DSL.declarationOf;
import static org.drools.model.DSL.on;
import static org.drools.model.PatternDSL.pattern;
import static org.drools.model.PatternDSL.rule;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.drools.model.Rule.Attribute;
import org.drools.model.Variable;
import org.drools.model.functions.Predicate1;
import org.drools.model.impl.ModelImpl;
import org.drools.modelcompiler.KieBaseBuilder;
import org.kie.api.KieBase;

public class Refund {
  /** Points of one source, and the rules that exclude them. */
  public static class Lot {
    final String id, source, campaign, expiresOn;
    final long amount;
    final boolean locked;
    final List<String> why = new ArrayList<>(3);

    Lot(JsonNode lot) {
      id = lot.get("id").textValue();
      source = lot.get("source").textValue();
      campaign = lot.get("campaign").textValue();
      expiresOn = lot.get("expires_on").textValue();
      amount = lot.get("amount").longValue();
      locked = lot.get("locked").booleanValue();
    }
  }

  /** A request with its account, and what the rules found. */
  public static class Request {
    final String day, method, status;
    final long points, identityLevel, refunded;
    final List<Lot> lots = new ArrayList<>();
    final List<String> reasons = new ArrayList<>();
    long available, fee;
    boolean denied;

    Request(JsonNode asked) {
      day = asked.get("as_of").textValue().substring(0, 10);
      method = asked.get("request").get("method").textValue();
      points = asked.get("request").get("points").longValue();
      status = asked.get("account").get("status").textValue();
      identityLevel = asked.get("account").get("identity_level").longValue();
      long sum = 0;
      for (JsonNode past : asked.get("history")) sum += past.get("points").longValue();
      refunded = sum;
      for (JsonNode lot : asked.get("lots")) lots.add(new Lot(lot));
    }

    ObjectNode decision() {
      ObjectNode decision = JSON.createObjectNode();
      decision.put("outcome", denied ? "denied" : "approved");
      ArrayNode told = decision.putArray("reasons");
      for (String reason : reasons) told.add(reason);
      decision.put("fee", fee).put("payout", denied ? 0 : points - fee).put("available", available);
      ArrayNode excluded = decision.putArray("excluded");
      for (Lot lot : lots) {
        if (lot.why.isEmpty()) continue;
        ArrayNode why = excluded.addArray().add(lot.id).addArray();
        for (String reason : lot.why) why.add(reason);
      }
      return decision;
    }
  }

  static final ObjectMapper JSON = new ObjectMapper();
  static final Set<String> METHODS = Set.of("cash", "bill", "gift"), CAMPAIGNS = Set.of("C2", "C5");
  static final KieBase RULES = KieBaseBuilder.createKieBaseFromModel(rules());

  /** The rules; of two that apply the one with the larger number is the first, which is the order of the reasons. */
  static ModelImpl rules() {
    ModelImpl model = new ModelImpl();
    Variable<Request> request = declarationOf(Request.class);
    Variable<Lot> lot = declarationOf(Lot.class);
    model.addRule(
        rule("expired").attribute(Attribute.SALIENCE, 40).build(
            pattern(request),
            pattern(lot).expr("expired", request, (each, asked) -> each.expiresOn.compareTo(asked.day) < 0),
            on(lot).execute(each -> each.why.add("expired"))));
    model.addRule(
        rule("promotion").attribute(Attribute.SALIENCE, 39).build(
            pattern(lot)
                .expr("source", each -> each.source.equals("promotion"))
                .expr("campaign", each -> !CAMPAIGNS.contains(each.campaign)),
            on(lot).execute(each -> each.why.add("promotion"))));
    model.addRule(
        rule("pending").attribute(Attribute.SALIENCE, 38).build(
            pattern(lot).expr("locked", each -> each.locked),
            on(lot).execute(each -> each.why.add("pending"))));
    model.addRule(against("identity", 27, asked -> asked.identityLevel < 1));
    model.addRule(against("status", 26, asked -> !asked.status.equals("active")));
    model.addRule(against("method", 25, asked -> !METHODS.contains(asked.method)));
    model.addRule(against("minimum", 24, asked -> asked.points < 1_000));
    model.addRule(against("unit", 23, asked -> asked.points % 100 > 0));
    model.addRule(against("per-request", 22, asked -> asked.points > 50_000));
    model.addRule(against("per-month", 21, asked -> asked.refunded + asked.points > 100_000));
    // These see what others found, and so act once those have: a condition is asked when the facts come.
    model.addRule(
        rule("enough").attribute(Attribute.SALIENCE, 20).build(
            pattern(request),
            on(request).execute(asked -> {
              for (Lot each : asked.lots) if (each.why.isEmpty()) asked.available += each.amount;
              if (asked.points > asked.available) deny(asked, "enough");
            })));
    model.addRule(
        rule("transfer-fee").attribute(Attribute.SALIENCE, 10).build(
            pattern(request).expr("cash", asked -> asked.method.equals("cash") && asked.points < 10_000),
            on(request).execute(asked -> charge(asked, "transfer-fee", 500))));
    model.addRule(
        rule("gift-fee").attribute(Attribute.SALIENCE, 10).build(
            pattern(request).expr("gift", asked -> asked.method.equals("gift")),
            on(request).execute(
                asked -> charge(asked, "gift-fee", Math.max(100, Math.min(3_000, asked.points * 3 / 100))))));
    return model;
  }

  static org.drools.model.Rule against(String name, int salience, Predicate1<Request> holds) {
    Variable<Request> request = declarationOf(Request.class);
    return rule(name).attribute(Attribute.SALIENCE, salience).build(
        pattern(request).expr(name, holds), on(request).execute(asked -> deny(asked, name)));
  }

  static void deny(Request asked, String reason) {
    asked.denied = true;
    asked.reasons.add(reason);
  }

  static void charge(Request asked, String rule, long fee) {
    if (asked.denied) return;
    asked.fee = fee;
    asked.reasons.add(rule);
  }

  /** The decision of a case. */
  public static String decide(String text) throws Exception {
    Request asked = new Request(JSON.readTree(text));
    List<Object> facts = new ArrayList<>(asked.lots);
    facts.add(asked);
    RULES.newStatelessKieSession().execute(facts);
    return JSON.writeValueAsString(asked.decision());
  }

  /** The nanoseconds that the decision of each case takes, called from here. */
  public static long[] nanoseconds(String[] cases) throws Exception {
    long[] times = new long[cases.length];
    for (int number = 0; number < cases.length; number++) {
      long start = System.nanoTime();
      decide(cases[number]);
      times[number] = System.nanoTime() - start;
    }
    return times;
  }
}
