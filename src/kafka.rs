//! The only place with rdkafka: consumer, assignment, settings.
