-- SaaS seats, those that nobody uses, and what these cost a month
SELECT count(*) AS seats, count(*) FILTER (WHERE is_unused) AS unused,
    sum(cost) FILTER (WHERE is_unused) AS cost_per_month
FROM (
    SELECT cost,
        CASE
            WHEN status = 'not monitored' THEN false
            WHEN status = 'no activity' THEN true
            WHEN last_active IS NULL THEN coalesce(status = 'inactive', potentialsavings > 0, false)
            ELSE CAST(last_active AT TIME ZONE 'UTC' AS date) < :today - INTERVAL '30' DAY
        END AS is_unused
    FROM (
        -- a seat is a user's subscription in either table; dates before 1980 mean that there is none
        SELECT priced.totalcostpermonth AS cost, priced.potentialsavings, lower(stated.status) AS status,
            coalesce(
                CASE WHEN stated.lastactive BETWEEN '1980-01-02' AND '9990-12-31' THEN stated.lastactive END,
                CASE WHEN priced.lastactivity BETWEEN '1980-01-02' AND '9990-12-31' THEN priced.lastactivity END
            ) AS last_active
        FROM saas_user_subscriptions AS priced
        FULL JOIN saas_subscription_users AS stated
            ON stated.subscriptionid = priced.id AND stated.id = priced.userid
    ) AS held
) AS seats
