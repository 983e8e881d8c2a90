-- What each kind of event is: may it be used, is it a touch, which step of the journey map is it.
-- The rules stand here once, over distinct contexts; events are never looked at one by one.
SELECT context, source, type, layer, stage, modality, initiator_kind, automation_kind, automation_role,
  device_kind, touch_channel, touch_campaign, commerce_action, consent_measurement, time_quality,
  signal_capability, signal_attribute, usable,
  usable AND touch_channel IS NOT NULL AND stage IN ('awareness', 'consideration', 'purchase')
    AND (commerce_action IS NULL OR commerce_action IN ('viewed', 'added', 'checkout'))
    AND automation_role IS NULL AS is_touch,
  CASE
    WHEN NOT usable THEN NULL
    WHEN automation_role = 'enrol' THEN 'device_subscription'
    WHEN commerce_action = 'placed' AND (automation_role = 'act' OR initiator_kind IN ('machine', 'scheduled', 'predicted'))
      THEN 'replenishment'
    WHEN commerce_action = 'placed' AND modality = 'voice' THEN 'voice_order'
    WHEN commerce_action = 'placed' AND (modality = 'gesture' OR device_kind IN ('appliance', 'button', 'tv', 'display'))
      THEN 'device_order'
    WHEN commerce_action = 'paid' OR lower(type) LIKE '%payment%' THEN 'payment_activation'
    WHEN commerce_action IN ('placed', 'added', 'checkout') THEN 'other_purchase'
    WHEN commerce_action IN ('cancelled', 'refunded') THEN 'service'
    WHEN stage = 'awareness' AND device_kind = 'tv' THEN 'tv'
    WHEN stage = 'awareness' AND device_kind IN ('vehicle', 'car') THEN 'car_audio'
    WHEN stage = 'awareness' AND device_kind = 'display' THEN 'home_display'
    WHEN stage = 'awareness' AND modality = 'voice' THEN 'voice_search'
    WHEN stage = 'awareness' THEN 'other_awareness'
    WHEN stage = 'consideration' AND asked LIKE '%compar%' THEN 'comparison'
    WHEN stage = 'consideration' AND (asked LIKE '%compatib%' OR asked LIKE '%works%with%' OR asked LIKE '%fits%')
      THEN 'compatibility_check'
    WHEN stage = 'consideration' AND (asked LIKE '%ecosystem%' OR asked LIKE '%routine%' OR asked LIKE '%bundle%')
      THEN 'ecosystem_planning'
    WHEN stage = 'consideration' AND modality = 'voice' AND asked LIKE '%search%' THEN 'voice_search'
    WHEN stage = 'consideration' AND modality = 'voice' THEN 'voice_research'
    WHEN stage = 'consideration' THEN 'other_consideration'
    WHEN stage = 'purchase' AND modality = 'voice' THEN 'voice_order'
    WHEN stage = 'purchase' THEN 'other_purchase'
    WHEN asked LIKE '%setup%' OR asked LIKE '%set_up%' OR asked LIKE '%install%' OR asked LIKE '%registered%'
      OR asked LIKE '%paired%' OR asked LIKE '%account_linked%' THEN 'setup'
    WHEN asked LIKE '%support%' OR asked LIKE '%service%' OR asked LIKE '%repair%' OR asked LIKE '%error%'
      OR asked LIKE '%ship%' OR asked LIKE '%deliver%' THEN 'service'
    WHEN initiator_kind = 'human' AND (stage = 'post_purchase' OR layer = 'device') THEN 'usage'
    WHEN stage = 'post_purchase' THEN 'other_post_purchase'
  END AS step
FROM (
  SELECT *, lower(concat_ws(' ', type, intent_name, exposure_event)) AS asked,
    coalesce(consent_measurement, 'unknown') <> 'denied'
      AND (coalesce(consent_measurement, 'unknown') = 'granted' OR {use_unknown}) AS usable
  FROM (SELECT DISTINCT * FROM raw_contexts) once
) judged
